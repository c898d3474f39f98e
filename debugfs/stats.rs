// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The file `stats`: the counters, each a line with its name and its value.

use super::decimal::Decimal;
use crate::debugfs::files::{Text, TextFile};
use crate::io_mapping::sparse::window::Window;
use crate::mm::vm_area::{arena, arena_usage::Usage};
use crate::tracking::counters::Counter;
use kernel::{fmt::Write, prelude::*};

pub(super) struct Stats;

#[vtable]
impl<T> TextFile<T> for Stats {
    const NAME: &'static CStr = c"stats";

    fn show(_: &T, out: &mut Text) -> Result {
        for (counter, name) in Counter::ALL {
            writeln!(out, "{name} {}", Decimal(counter.total()))?;
        }
        if let Some(in_use) = Window::get().ok().and_then(Window::in_use) {
            writeln!(out, "slots_in_use {in_use}")?;
        }
        match arena::usage() {
            Some(usage) => show_arena(out, &usage),
            None => Ok(()),
        }
    }
}

fn show_arena(out: &mut Text, usage: &Usage) -> Result {
    writeln!(out, "arena_units {}", usage.units)?;
    writeln!(out, "arena_bytes {}", Decimal(usage.reserved))?;
    writeln!(out, "arena_bytes_mapped {}", Decimal(usage.mapped))?;
    writeln!(out, "arena_bytes_free {}", Decimal(usage.free))?;
    writeln!(
        out,
        "arena_bytes_free_in_one_piece {}",
        Decimal(usage.largest_free)
    )?;
    writeln!(out, "arena_bytes_awaiting_flush {}", Decimal(usage.dirty))?;
    writeln!(out, "arena_bytes_of_tables {}", Decimal(usage.tables))?;
    writeln!(out, "arena_flushes {}", Decimal(usage.flushes))?;
    Ok(())
}
