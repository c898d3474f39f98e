// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What can be measured: each workload on each strategy, C's side beside ours.
//!
//! C maps an aperture as a whole or not at all. So a Whole aperture is measured beside C's
//! `io_mapping`. A Sparse one is measured beside what a C driver does that cannot keep the aperture
//! mapped: `ioremap_wc()` of a page each time.

use io_mapping_rs::debugfs::files::Text;
use kernel::{fmt::Write, prelude::*};

mod accesses;
#[cfg(CONFIG_X86_64)]
mod c_api;
mod maps;
mod ranges;
mod workload;

pub(crate) use workload::{Sides, Workload};

/// Returns all workloads; those of one name stand together.
pub(crate) fn all() -> impl Iterator<Item = &'static Workload> {
    let tables = [
        ranges::WORKLOADS,
        maps::WORKLOADS,
        #[cfg(CONFIG_X86_64)]
        c_api::WORKLOADS,
        accesses::SINGLE,
        accesses::STRINGS,
    ];
    tables.into_iter().flatten()
}

/// Writes a line for each name.
pub(crate) fn list(out: &mut Text) -> Result {
    let mut last = "";
    for workload in all() {
        if workload.name != last {
            writeln!(out, "{:<24}{}", workload.name, workload.about)?;
        }
        last = workload.name;
    }
    Ok(())
}
