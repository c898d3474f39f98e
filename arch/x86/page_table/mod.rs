// SPDX-License-Identifier: GPL-2.0

//! Entries of the kernel's page table, and the way to them.
//!
//! C headers: [`arch/x86/include/asm/pgtable.h`](srctree/arch/x86/include/asm/pgtable.h),
//! [`include/linux/pgtable.h`](srctree/include/linux/pgtable.h)

use super::bindings as c;
use core::ptr::NonNull;
#[cfg(iomrs_stock)]
use kernel::bindings::_PAGE_BIT_GLOBAL;
use kernel::bindings::{
    _PAGE_BIT_ACCESSED, _PAGE_BIT_DIRTY, _PAGE_BIT_PAT, _PAGE_BIT_PAT_LARGE, _PAGE_BIT_PSE,
};

#[cfg(iomrs_exported)]
mod alloc;
pub(crate) use crate::arch::generic::page_table::{from_bits, read, set_entry, to_bits, RawEntry};
#[cfg(iomrs_exported)]
pub(crate) use alloc::{entry_alloc, set_pmd, set_pud};
mod walk;
pub(crate) use walk::{entry_in, entry_of_task, is_leaf, table_of};

/// Index bits of one table: what a level adds to the shift of the one below.
pub(super) const TABLE_BITS: u32 = 9;
/// The page that an entry of the lowest table maps.
pub(super) const PTE_SHIFT: u32 = 12;
/// What a lowest table maps.
pub(crate) const TABLE_SHIFT: u32 = PTE_SHIFT + TABLE_BITS;
/// The page that an entry of a page middle directory maps.
pub(crate) const PMD_SHIFT: u32 = TABLE_SHIFT;
/// The page that an entry of a page upper directory maps.
pub(crate) const PUD_SHIFT: u32 = PMD_SHIFT + TABLE_BITS;

/// Bits that an erratum of Knights Landing may set in a clear entry (C: `_PAGE_KNL_ERRATUM_MASK`).
const ERRATUM_BITS: u64 = 1 << _PAGE_BIT_DIRTY | 1 << _PAGE_BIT_ACCESSED;

/// The protection (C: `pgprot_t`) of an entry that is not present, and that `vunmap()` takes for one of a
/// page (C: `PAGE_NONE`).
#[cfg(iomrs_stock)]
pub(crate) const NOT_PRESENT: u64 = 1 << _PAGE_BIT_GLOBAL;

/// Whether an entry maps nothing and points to no table (C: `pte_none()`, `pmd_none()`, ...).
#[inline(always)]
pub(crate) fn is_none(raw: RawEntry) -> bool {
    raw & !ERRATUM_BITS == 0
}

/// The entry that `lookup_address()` finds for `addr`, present or not, and the size of its page as a
/// shift.
fn find(addr: usize) -> Option<(NonNull<RawEntry>, u32)> {
    let mut level = 0;
    // SAFETY: `level` is valid for a write, and any address may be asked for.
    let entry = unsafe { c::lookup_address(addr, &mut level) };
    let above = level.checked_sub(c::pg_level_PG_LEVEL_4K)?;
    Some((NonNull::new(entry.cast())?, PTE_SHIFT + TABLE_BITS * above))
}

/// Returns the entry that maps `addr` and the size of its page as a shift; `None` where no entry does.
pub(crate) fn lookup(addr: usize) -> Option<(RawEntry, u32)> {
    let (entry, shift) = find(addr)?;
    // SAFETY: Just found. A table may go only when nobody has an area there, and who asks has one, or
    // takes what was once there.
    let raw = unsafe { read(entry.as_ptr()) };
    (!is_none(raw)).then_some((raw, shift))
}

/// Returns the entry of the small page at `addr`, present or not; `None` where there is none, as no
/// table is there or a large page.
pub(crate) fn small_entry(addr: usize) -> Option<NonNull<RawEntry>> {
    let (entry, shift) = find(addr)?;
    (shift == PTE_SHIFT).then_some(entry)
}

/// Returns what the entry of a large page is, whose entry as a small page were `small`.
#[inline(always)]
pub(crate) const fn large_entry(small: RawEntry) -> RawEntry {
    // The highest bit of the cache mode is elsewhere, and its place says that the page is large.
    let pat = small >> _PAGE_BIT_PAT & 1;
    small & !(1 << _PAGE_BIT_PAT) | pat << _PAGE_BIT_PAT_LARGE | 1 << _PAGE_BIT_PSE
}

/// Called before what has been mapped by [`set_entry`] is used. The CPU sees its own stores.
#[inline(always)]
pub(crate) fn finish_entries() {}
