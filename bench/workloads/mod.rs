// SPDX-License-Identifier: GPL-2.0

//! What can be measured: each workload on each strategy, C's side beside ours.
//!
//! C maps an aperture as a whole or not at all. So it is measured on a Whole aperture by
//! `io_mapping`'s calls, and beside a Sparse one it does what a driver does that cannot keep the
//! aperture mapped: an `ioremap_wc()` of the page, each time.

use crate::{c, fixture::Fixture, ours::ranges::Pair};
use io_mapping_rs::{debugfs::files::Text, Strategy};
use kernel::{fmt::Write, prelude::*};

mod accesses;
mod maps;
mod ranges;

/// Both sides of a workload.
#[derive(Clone, Copy)]
pub(crate) enum Sides {
    /// One call to map and one to unmap, each timed.
    Pair {
        c: c::TimedPair,
        ours: fn(&Fixture<'_>) -> Result<Pair>,
        /// What is taken off both sides; where there is none, what reading the clock takes.
        empty: Option<c::TimedPair>,
    },
    /// A loop, timed as a whole.
    Loop {
        c: c::TimedLoop,
        ours: fn(&Fixture<'_>, &mut [u8]) -> Result<u64>,
    },
}

/// What a workload works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The range, which it maps itself.
    Range,
    /// A BAR, which it requests and maps itself.
    Bar,
    /// An aperture of its strategy.
    Aperture,
    /// Memory that is mapped as registers are.
    Memory,
    /// Ports.
    Ports,
}

/// A workload on one strategy.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// In a few words; of the first one of a name.
    about: &'static str,
    pub(crate) target: Target,
    /// The strategy of our aperture, [`Strategy::Auto`] where it takes none.
    pub(crate) strategy: Strategy,
    /// In bytes, where a spec names none. Without any it is of the whole range, whatever a spec says.
    pub(crate) sizes: &'static [u64],
    pub(crate) sides: Sides,
    /// What C calls.
    pub(crate) call: &'static str,
    /// Rounds of a loop, or bytes that a batch moves.
    rounds: usize,
    /// Offsets of memory and ports are less than this.
    pub(crate) offset_bound: u64,
    /// With interrupts off.
    pub(crate) irqs_off: bool,
    /// A size is that of what is moved.
    pub(crate) transfers: bool,
    /// The size is a multiple of so many pages, such as the compiler knows that there are.
    pub(crate) pages: u64,
    /// C maps all of it at once.
    pub(crate) c_maps_all: bool,
    /// The chunks are made before.
    pub(crate) chunk: bool,
    /// By default it is run by one CPU, two and so on.
    pub(crate) scales: bool,
}

impl Workload {
    /// What the others differ from.
    const PLAIN: Self = Self {
        name: "",
        about: "",
        target: Target::Range,
        strategy: Strategy::Auto,
        sizes: &[],
        sides: Sides::Loop {
            c: c::iomrs_b_empty,
            ours: crate::ours::maps::empty,
        },
        call: "",
        rounds: 1,
        offset_bound: 0,
        irqs_off: false,
        transfers: false,
        pages: 1,
        c_maps_all: true,
        chunk: false,
        scales: false,
    };

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        let tables = [
            ranges::WORKLOADS,
            maps::WORKLOADS,
            accesses::SINGLE,
            accesses::STRINGS,
        ];
        tables.into_iter().flatten()
    }

    /// Whether its C side works on an aperture.
    pub(crate) fn c_needs_aperture(&self) -> bool {
        self.target == Target::Aperture && self.c_maps_all
    }

    /// Whether ours maps all of it at once, with an entry for each page.
    pub(crate) fn maps_all(&self) -> bool {
        self.strategy != Strategy::Sparse
    }

    /// Rounds of a batch that moves `bytes` each time.
    pub(crate) fn rounds(&self, bytes: usize) -> usize {
        if self.transfers {
            (self.rounds / bytes.max(1)).max(1)
        } else {
            self.rounds
        }
    }

    /// What the strategy is called.
    pub(crate) fn strategy(&self) -> &'static str {
        match self.strategy {
            Strategy::Auto => "none",
            Strategy::Whole => "whole",
            Strategy::Sparse => "sparse",
        }
    }
}

/// A line for each name.
pub(crate) fn list(out: &mut Text) -> Result {
    let mut last = "";
    for workload in Workload::all() {
        if workload.name != last {
            writeln!(out, "{:<24}{}", workload.name, workload.about)?;
        }
        last = workload.name;
    }
    Ok(())
}
