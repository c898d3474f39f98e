// SPDX-License-Identifier: GPL-2.0

//! The way from the root of the kernel's page table down to an entry.

use super::{is_none, read, RawEntry, TABLE_BITS};
use crate::arch::{machine, x86::bindings as c};
use kernel::{
    bindings::{PAGE_SHIFT, PTRS_PER_PTE, _PAGE_BIT_PSE},
    prelude::*,
};

/// Whether an entry maps a large page (C: `pmd_leaf()`, `pud_leaf()`).
#[inline(always)]
pub(crate) fn is_leaf(raw: RawEntry) -> bool {
    raw & (1 << _PAGE_BIT_PSE) != 0
}

/// What an entry of the topmost table covers, as a shift: it depends on the number of levels.
#[inline(always)]
pub(super) fn root_shift() -> u32 {
    // SAFETY: A number that does not change after boot.
    unsafe { (&raw const c::pgdir_shift).read() }
}

/// Returns the table that an entry points to, which is neither none nor a leaf.
#[inline(always)]
pub(crate) fn table_of(raw: RawEntry) -> *mut RawEntry {
    let phys = raw & machine::phys_mask() & !((1 << PAGE_SHIFT) - 1);
    // CAST: the address of memory that the kernel has mapped.
    let addr = machine::page_offset().wrapping_add(phys as usize);
    core::ptr::with_exposed_provenance_mut(addr)
}

/// Returns the entry for `addr` in `table`, whose entries each cover `1 << shift` bytes.
#[inline(always)]
pub(crate) fn entry_in(table: *mut RawEntry, addr: usize, shift: u32) -> *mut RawEntry {
    table.wrapping_add(addr >> shift & (PTRS_PER_PTE as usize - 1))
}

/// Goes from `entry`, which is for `addr` in a table whose entries each cover `1 << level` bytes, down
/// to the entry for `addr` in a table whose entries each cover `1 << shift` bytes. Each entry on the way
/// becomes what `table` returns for it and its level.
///
/// # Errors
///
/// Those of `table`, and `EBUSY` where a large page stands in the place of a table.
///
/// # Safety
///
/// The caller owns `addr`, or knows that the tables on the way to it stay. `table` returns entries that
/// point to tables, or map large pages.
#[inline(always)]
pub(super) unsafe fn descend(
    mut entry: *mut RawEntry,
    mut level: u32,
    addr: usize,
    shift: u32,
    table: impl Fn(*mut RawEntry, RawEntry, u32) -> Result<RawEntry>,
) -> Result<*mut RawEntry> {
    while level > shift {
        // SAFETY: `entry` is the one for `addr` in a table of this level, which stays.
        let raw = table(entry, unsafe { read(entry) }, level)?;
        if is_leaf(raw) {
            return Err(EBUSY);
        }
        level -= TABLE_BITS;
        entry = entry_in(table_of(raw), addr, level);
    }
    Ok(entry)
}

/// Returns the entry of the page of `1 << shift` bytes at `addr`, found by the page table of the running
/// task: all tasks have the kernel's half of it in common, less the topmost table.
///
/// # Errors
///
/// `ENOENT` where a table is missing, `EBUSY` where a large page stands in its place.
///
/// # Safety
///
/// The caller owns the page at `addr`, in the part of the address space that is for areas. `shift` is
/// that of a small page, [`PMD_SHIFT`](super::PMD_SHIFT) or [`PUD_SHIFT`](super::PUD_SHIFT).
pub(crate) unsafe fn entry_of_task(addr: usize, shift: u32) -> Result<*mut RawEntry> {
    use crate::bindings::{iomrs_local_irq_restore, iomrs_local_irq_save};
    use kernel::task::Task;

    let level = root_shift();
    // A kernel thread has the topmost table of some process, which may end as soon as another task
    // runs here.
    let flags = iomrs_local_irq_save();
    // SAFETY: The running task exists, and has the table as long as it runs. Tables of the kernel's
    // half are there for all addresses of areas, and none is ever freed.
    let raw = unsafe {
        let mm = (*Task::current_raw()).active_mm;
        let root = (&raw const (*mm).__bindgen_anon_1.pgd).read();
        read(entry_in(root.cast(), addr, level))
    };
    // SAFETY: `flags` are those that interrupts were turned off with.
    unsafe { iomrs_local_irq_restore(flags) };
    if is_none(raw) {
        return Err(ENOENT);
    }
    let level = level - TABLE_BITS;
    let first = entry_in(table_of(raw), addr, level);
    let table = |_, raw, _| if is_none(raw) { Err(ENOENT) } else { Ok(raw) };
    // SAFETY: `first` is the entry for `addr` in a table of that level. Our caller owns `addr`. What
    // `table` returns is neither none nor anything that a table of the kernel does not have.
    unsafe { descend(first, level, addr, shift, table) }
}
