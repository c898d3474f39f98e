// SPDX-License-Identifier: GPL-2.0

//! Entries of the kernel's page table (ARM: translation table descriptors), and the way to them.
//!
//! C header: [`arch/arm64/include/asm/pgtable.h`](srctree/arch/arm64/include/asm/pgtable.h)

use core::arch::asm;

pub(crate) use crate::arch::generic::page_table::{from_bits, read, set_entry, to_bits, RawEntry};
mod walk;
pub(crate) use walk::{entry_in, entry_of_task, lookup, small_entry, table_of};

/// Index bits of one table: what a level adds to the shift of the one below.
const TABLE_BITS: u32 = 9;
/// The page that an entry of the lowest table maps.
const PTE_SHIFT: u32 = 12;
/// What a lowest table maps.
pub(crate) const TABLE_SHIFT: u32 = PTE_SHIFT + TABLE_BITS;
/// The block that an entry of a page middle directory maps.
pub(crate) const PMD_SHIFT: u32 = TABLE_SHIFT;
/// The block that an entry of a page upper directory maps.
pub(crate) const PUD_SHIFT: u32 = PMD_SHIFT + TABLE_BITS;

/// The CPU uses the entry (C: `PTE_VALID`).
const VALID: RawEntry = 1 << 0;
/// In a valid entry: it is no block. In the lowest table each has it (C: `PMD_TYPE_TABLE`, `PTE_TYPE_PAGE`).
const NO_BLOCK: RawEntry = 1 << 1;
/// The protection (C: `pgprot_t`) of an entry that is not present, and that `vunmap()` takes for one of a
/// page (C: `PTE_PRESENT_INVALID`).
pub(crate) const NOT_PRESENT: u64 = 1 << 11;

/// Whether an entry maps nothing and points to no table (C: `pte_none()`, `pmd_none()`, ...).
#[inline(always)]
pub(crate) fn is_none(raw: RawEntry) -> bool {
    raw == 0
}

/// Whether an entry of a table that is not the lowest maps a large page (C: `pmd_leaf()`, `pud_leaf()`).
#[inline(always)]
pub(crate) fn is_leaf(raw: RawEntry) -> bool {
    raw & (VALID | NO_BLOCK) == VALID
}

/// Returns what the entry of a large page is, whose entry as a small page were `small`.
#[inline(always)]
pub(crate) const fn large_entry(small: RawEntry) -> RawEntry {
    small & !NO_BLOCK
}

/// Called before what has been mapped by [`set_entry`] is used: until then the CPU may not see the entries
/// (C: `emit_pte_barriers()`).
#[inline(always)]
pub(crate) fn finish_entries() {
    // SAFETY: Barriers may stand anywhere.
    unsafe { asm!("dsb ishst", "isb", options(nostack, preserves_flags)) };
}
