// SPDX-License-Identifier: GPL-2.0

//! A kernel that changes entries of page tables, and drops translations, by itself: it is no guest that calls a
//! hypervisor for it.

use crate::arch::this::page_table::{from_bits, set_entry, RawEntry};
use crate::arch::this::tlb;

/// Whether this kernel is such a guest.
#[inline(always)]
pub(crate) const fn is_guest() -> bool {
    false
}

/// Writes the entry of a small page, to map the page at `phys` with the protection `prot`. A protection
/// of 0 clears it.
///
/// # Safety
///
/// `entry` is an entry of the kernel's page table that the caller owns.
pub(crate) unsafe fn set_small_entry(entry: *mut RawEntry, phys: u64, prot: u64) {
    // SAFETY: As required of our caller.
    unsafe { set_entry(entry, from_bits(phys | prot)) };
}

/// Drops all translations that this CPU keeps of the kernel's addresses.
///
/// # Context
///
/// Any. The caller stays on this CPU.
pub(crate) fn invalidate_all() {
    tlb::invalidate_all();
}
