// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What the arena says of itself.

/// What the module's parameters say of the arena.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// How much address space the arena may take, in bytes; 0 for twice the machine's memory.
    pub(crate) budget: u64,
    /// How much may await a flush, in bytes; 0 for as much as the kernel's vmalloc has.
    pub(crate) dirty: u64,
    /// How long a unit that nobody uses is kept, in milliseconds; 0 for ever.
    pub(crate) idle: u32,
}

/// How much of the arena is in use. Of all units, and in bytes where nothing else is said.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// The number of units.
    pub(crate) units: u32,
    pub(crate) reserved: u64,
    /// What mappings have, with the guard page behind each.
    pub(crate) mapped: u64,
    /// What awaits a flush, with the guard pages.
    pub(crate) dirty: u64,
    /// What can be had at once.
    pub(crate) free: u64,
    /// The most that can be had in one piece.
    pub(crate) largest_free: u64,
    /// The memory of page tables.
    pub(crate) tables: u64,
    /// The number of flushes of all CPUs since the module was loaded.
    pub(crate) flushes: u64,
}

/// A unit, and how much of it is in use, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct UnitUsage {
    pub(crate) addr: usize,
    pub(crate) size: u64,
    /// What can be had at once.
    pub(crate) free: u64,
    /// The most that can be had in one piece.
    pub(crate) largest_free: u64,
}
