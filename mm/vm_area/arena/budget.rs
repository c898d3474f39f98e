// SPDX-License-Identifier: GPL-2.0

//! How much address space all units may take.

use crate::bindings;
use crate::mm::machine;
use crate::mm::phys_range::PAGE_SHIFT;
use kernel::{prelude::*, sync::global_lock};

/// The budget, and what has been taken of it, in bytes. Who has it locked may add units, or free them.
pub(super) struct Budget {
    pub(super) total: usize,
    pub(super) used: usize,
}

global_lock! {
    // SAFETY: `Registration::new` initialises it before anything is mapped.
    pub(super) unsafe(uninit) static BUDGET: Mutex<Budget> = Budget { total: 0, used: 0 };
}

/// A 256th of the machine's memory for tables, which take a 512th of the address space that they map;
/// and at most a quarter of the address space of areas.
pub(super) fn default_total() -> usize {
    let memory = bindings::iomrs_totalram_pages() << PAGE_SHIFT;
    memory.saturating_mul(2).min(machine::vmalloc_total() / 4)
}
