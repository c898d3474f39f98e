// SPDX-License-Identifier: GPL-2.0

//! Entries of the kernel's page table, and the way to them: those of small pages, as C's ioremap uses no others here.
//!
//! A short entry, one without `CONFIG_ARM_LPAE`, is C's alone: the CPU has another one for it. Both are written (see
//! `written.rs`). What is read is C's.
//!
//! C header: [`arch/arm/include/asm/pgtable.h`](srctree/arch/arm/include/asm/pgtable.h)

pub(crate) use super::written::RawEntry;
use super::{bindings as c, written};
use core::arch::asm;
use core::ptr::NonNull;
use kernel::prelude::*;

/// What a lowest table maps, as a shift. Of short entries C takes two tables of the CPU for one.
pub(crate) const TABLE_SHIFT: u32 = 21;
/// What an entry above the lowest table covers. No large page is made.
pub(crate) const PMD_SHIFT: u32 = TABLE_SHIFT;
const PTE_SHIFT: u32 = 12;

/// A bit of an entry that the CPU ignores, and that C uses for user space alone (C: `L_PTE_SPECIAL`).
#[cfg(iomrs_window_kmap)]
pub(crate) const SOFTWARE_BIT: RawEntry = 1 << 56;

/// Returns the entry whose bits are `bits`.
// CAST: Short entries have none above.
#[inline(always)]
pub(crate) const fn from_bits(bits: u64) -> RawEntry {
    bits as RawEntry
}

/// Returns the bits of an entry.
// CAST: As wide, or wider.
#[inline(always)]
#[cfg_attr(CONFIG_ARM_LPAE, allow(clippy::unnecessary_cast))]
pub(crate) const fn to_bits(raw: RawEntry) -> u64 {
    raw as u64
}

/// Returns what an entry is now.
///
/// # Safety
///
/// `entry` is an entry of a live table of the kernel's page table.
#[inline(always)]
pub(crate) unsafe fn read(entry: *const RawEntry) -> RawEntry {
    // SAFETY: As required of our caller. Others may write it at any time.
    unsafe { entry.read_volatile() }
}

/// Writes an entry, from clear to anything or from anything to clear. What it maps is used after a call of
/// [`finish_entries`].
///
/// # Safety
///
/// `entry` is an entry of the kernel's page table that the caller owns. `raw` is 0, or what [`template`] has
/// returned with an address added.
#[inline(always)]
pub(crate) unsafe fn set_entry(entry: *mut RawEntry, raw: RawEntry) {
    if written::BY_STORES {
        // SAFETY: As required of our caller.
        unsafe { written::set(entry, raw) };
    } else {
        // SAFETY: As required of our caller.
        unsafe { c::iomrs_set_pte(entry.cast(), to_bits(raw)) };
    }
}

/// Returns the entry of the page at physical address 0 that C makes of the protection `prot`, and keeps what the
/// CPU has for it.
pub(super) fn template(prot: u64) -> u64 {
    written::template(prot)
}

/// Whether an entry maps nothing (C: `pte_none()`).
#[inline(always)]
pub(crate) fn is_none(raw: RawEntry) -> bool {
    raw == 0
}

/// Called before what has been mapped by [`set_entry`] is used: until then the CPU may not see the entries
/// (C: `flush_cache_vmap()`).
#[inline(always)]
pub(crate) fn finish_entries() {
    // SAFETY: Barriers may stand anywhere.
    unsafe {
        asm!(
            ".arch armv7-a",
            "dsb ishst",
            "isb",
            options(nostack, preserves_flags)
        )
    };
}

/// Returns the entry of the small page at `addr`, and makes the table that it is in.
///
/// # Errors
///
/// `ENOMEM`; `EINVAL` where `shift` is not that of a small page.
///
/// # Safety
///
/// The caller owns the page at `addr`, in the part of the address space that is for areas.
///
/// # Context
///
/// May sleep.
#[inline(always)]
pub(crate) unsafe fn entry_alloc(addr: usize, shift: u32) -> Result<*mut RawEntry> {
    if shift != PTE_SHIFT {
        return Err(EINVAL);
    }
    // SAFETY: As required of our caller.
    let entry = unsafe { c::iomrs_pte_alloc_kernel(addr) };
    NonNull::new(entry.cast())
        .map(NonNull::as_ptr)
        .ok_or(ENOMEM)
}

/// Returns the entry that maps `addr` and the size of its page as a shift; `None` where no entry of a small page
/// does.
pub(crate) fn lookup(addr: usize) -> Option<(RawEntry, u32)> {
    let entry = small_entry(addr)?;
    // SAFETY: Just found.
    let raw = unsafe { read(entry.as_ptr()) };
    (!is_none(raw)).then_some((raw, PTE_SHIFT))
}

/// Returns the entry of the small page at `addr`, present or not; `None` where there is none, as no
/// table is there or a large page.
pub(crate) fn small_entry(addr: usize) -> Option<NonNull<RawEntry>> {
    if c::iomrs_pmd_is_leaf(addr) {
        return None;
    }
    NonNull::new(c::iomrs_virt_to_kpte(addr).cast())
}

/// Returns `false`: no large page is made. The range is mapped by small ones.
///
/// # Errors
///
/// None.
///
/// # Safety
///
/// None. As where there are large pages.
pub(crate) unsafe fn set_pmd(
    _: *mut RawEntry,
    _addr: usize,
    _phys: u64,
    _prot: u64,
) -> Result<bool> {
    Ok(false)
}

/// As [`set_pmd`].
///
/// # Errors
///
/// None.
///
/// # Safety
///
/// None. As where there are large pages.
pub(crate) unsafe fn set_pud(
    _: *mut RawEntry,
    _addr: usize,
    _phys: u64,
    _prot: u64,
) -> Result<bool> {
    Ok(false)
}
