// SPDX-License-Identifier: GPL-2.0

//! Xen's paravirtualised guests, which change entries of page tables, and drop translations, by calls of
//! the hypervisor.
//!
//! C: `pv_ops` in [`arch/x86/include/asm/paravirt.h`](srctree/arch/x86/include/asm/paravirt.h)

use super::bindings as c;
use super::page_table::RawEntry;
use kernel::bindings::X86_FEATURE_XENPV;

/// Whether this kernel is such a guest. It does not change after boot.
pub(crate) fn is_guest() -> bool {
    c::iomrs_boot_cpu_has(X86_FEATURE_XENPV)
}

/// Writes the entry of a small page, to map the page at `phys` with the protection `prot`. A protection
/// of 0 clears it.
///
/// # Safety
///
/// `entry` is an entry of the kernel's page table that the caller owns.
#[cold]
pub(crate) unsafe fn set_small_entry(entry: *mut RawEntry, phys: u64, prot: u64) {
    // SAFETY: As required of our caller.
    unsafe { c::iomrs_set_pte(entry, phys, prot) };
}

/// Drops all translations that this CPU keeps of the kernel's addresses.
///
/// # Context
///
/// Any. The caller stays on this CPU.
#[cold]
pub(crate) fn invalidate_all() {
    c::iomrs_flush_tlb_global();
}
