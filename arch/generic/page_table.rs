// SPDX-License-Identifier: GPL-2.0

//! Entries of page tables that are a word each, which a plain store changes.

/// An entry of a table of the page table, of whatever level.
pub(crate) type RawEntry = u64;

/// Returns the entry whose bits are `bits`.
#[inline(always)]
pub(crate) const fn from_bits(bits: u64) -> RawEntry {
    bits
}

/// Returns the bits of an entry.
#[inline(always)]
pub(crate) const fn to_bits(raw: RawEntry) -> u64 {
    raw
}

/// Returns what an entry is now.
///
/// # Safety
///
/// `entry` is an entry of a live table of the kernel's page table.
#[inline(always)]
pub(crate) unsafe fn read(entry: *const RawEntry) -> RawEntry {
    // SAFETY: As required of our caller. Others may write it, and the CPU set bits in it, at any time.
    unsafe { entry.read_volatile() }
}

/// Writes an entry, from clear to anything or from anything to clear. What it maps is used after a call of
/// the architecture's `finish_entries()`.
///
/// # Safety
///
/// `entry` is an entry of the kernel's page table that the caller owns. `raw` is 0, the entry of a table, or made of one
/// that the architecture's `entry_template()` or `large_entry()` has returned.
#[inline(always)]
pub(crate) unsafe fn set_entry(entry: *mut RawEntry, raw: RawEntry) {
    // SAFETY: As required of our caller. The CPU may read it at any time.
    unsafe { entry.write_volatile(raw) };
}
