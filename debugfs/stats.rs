// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The file `stats`: the counters, each a line with its name and its value.

use crate::debugfs::files::{Text, TextFile};
use crate::io_mapping::sparse::window::Window;
use crate::tracking::counters::Counter;
use kernel::{fmt::Write, prelude::*};

pub(super) struct Stats;

#[vtable]
impl<T> TextFile<T> for Stats {
    const NAME: &'static CStr = c"stats";

    fn show(_: &T, out: &mut Text) -> Result {
        for (counter, name) in Counter::ALL {
            writeln!(out, "{name} {}", counter.total())?;
        }
        if let Some(usage) = Window::get()?.usage() {
            writeln!(out, "slots_in_use {}", usage.in_use)?;
            writeln!(out, "slots_peak {}", usage.peak)?;
        }
        Ok(())
    }
}
