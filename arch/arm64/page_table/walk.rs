// SPDX-License-Identifier: GPL-2.0

//! The way from the root of the kernel's page table down to an entry.

use super::{is_leaf, is_none, read, RawEntry, PTE_SHIFT, TABLE_BITS, VALID};
use crate::arch::{arm64::bindings as c, machine};
use core::ptr::NonNull;
use kernel::prelude::*;

/// Where an entry points to: bits 12 to 49 in their place.
const ADDRESS: RawEntry = (1 << 50) - (1 << PTE_SHIFT);
/// With addresses of 52 bits: bits 50 and 51 (C: `PTE_ADDR_HIGH`).
const ADDRESS_HIGH: RawEntry = 3 << 8;
const ADDRESS_HIGH_SHIFT: u32 = 42;
/// The address of the topmost table in its register, and bits 48 to 51 of it (C: `TTBR_BADDR_MASK_52`).
const ROOT_ADDRESS: u64 = (1 << 48) - (1 << PTE_SHIFT);
const ROOT_ADDRESS_HIGH: u64 = 0xf << 2;
const ROOT_ADDRESS_HIGH_SHIFT: u32 = 46;

/// Returns the address where the kernel has the table at physical address `phys` mapped.
#[inline(always)]
fn table_at(phys: u64) -> *mut RawEntry {
    // CAST: the address of memory that the kernel has mapped.
    let addr = machine::page_offset().wrapping_add(phys as usize);
    core::ptr::with_exposed_provenance_mut(addr)
}

/// Returns the table that an entry points to, which is neither none nor a leaf.
#[inline(always)]
pub(crate) fn table_of(raw: RawEntry) -> *mut RawEntry {
    let has_high_bits = machine::phys_mask() >> 48 != 0;
    let high = if has_high_bits { raw & ADDRESS_HIGH } else { 0 };
    table_at(raw & ADDRESS | high << ADDRESS_HIGH_SHIFT)
}

/// Returns the entry for `addr` in `table`, whose entries each cover `1 << shift` bytes.
#[inline(always)]
pub(crate) fn entry_in(table: *mut RawEntry, addr: usize, shift: u32) -> *mut RawEntry {
    table.wrapping_add(addr >> shift & ((1 << TABLE_BITS) - 1))
}

/// Returns the entry for `addr` in the topmost table, and what it covers, as a shift. `None` where `addr` is
/// none of the kernel's.
fn root_entry(addr: usize) -> Option<(*mut RawEntry, u32)> {
    let va_bits = c::iomrs_va_bits();
    if addr.leading_ones() < usize::BITS - va_bits {
        return None;
    }
    // As many levels as the bits above those of a page take.
    let levels = (va_bits - PTE_SHIFT).div_ceil(TABLE_BITS);
    let shift = PTE_SHIFT + (levels - 1) * TABLE_BITS;
    let index = addr >> shift & ((1 << (va_bits - shift)) - 1);
    let register = c::iomrs_ttbr1();
    let high = (register & ROOT_ADDRESS_HIGH) << ROOT_ADDRESS_HIGH_SHIFT;
    let table = table_at(register & ROOT_ADDRESS | high);
    Some((table.wrapping_add(index), shift))
}

/// Returns the entry for `addr` in a table whose entries each cover `1 << shift` bytes, or that of a larger
/// page, and what it covers, as a shift. `None` where a table on the way is missing.
fn find(addr: usize, shift: u32) -> Option<(NonNull<RawEntry>, u32)> {
    let (mut entry, mut level) = root_entry(addr)?;
    while level > shift {
        // SAFETY: `entry` is the one for `addr` in a table of this level. A table may go only when nobody has
        // an area there, and who asks has one, or takes what was once there.
        let raw = unsafe { read(entry) };
        if raw & VALID == 0 {
            return None;
        }
        if is_leaf(raw) {
            break;
        }
        level -= TABLE_BITS;
        entry = entry_in(table_of(raw), addr, level);
    }
    Some((NonNull::new(entry)?, level))
}

/// Returns the entry of the page of `1 << shift` bytes at `addr`. The register has the topmost table of the
/// kernel's part, whichever task runs.
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
    match find(addr, shift).ok_or(ENOENT)? {
        (entry, level) if level == shift => Ok(entry.as_ptr()),
        _ => Err(EBUSY),
    }
}

/// Returns the entry that maps `addr` and the size of its page as a shift; `None` where no entry does.
pub(crate) fn lookup(addr: usize) -> Option<(RawEntry, u32)> {
    let (entry, shift) = find(addr, PTE_SHIFT)?;
    // SAFETY: Just found.
    let raw = unsafe { read(entry.as_ptr()) };
    (!is_none(raw)).then_some((raw, shift))
}

/// Returns the entry of the small page at `addr`, present or not; `None` where there is none, as no
/// table is there or a large page.
pub(crate) fn small_entry(addr: usize) -> Option<NonNull<RawEntry>> {
    let (entry, shift) = find(addr, PTE_SHIFT)?;
    (shift == PTE_SHIFT).then_some(entry)
}
