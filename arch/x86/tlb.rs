// SPDX-License-Identifier: GPL-2.0

//! Translations that this CPU keeps.
//!
//! With page-table isolation (which turns INVLPGB off) entries of the kernel are not global, and
//! `invlpg` leaves those that the CPU keeps under the address space identifiers (PCID) of other
//! processes.

use super::bindings as c;
use crate::bindings::{iomrs_local_irq_restore, iomrs_local_irq_save};
use core::arch::asm;
use kernel::bindings::{X86_CR4_PGE_BIT, X86_FEATURE_INVPCID, X86_FEATURE_PCID, X86_FEATURE_PTI};

/// How many address space identifiers the kernel uses: `TLB_NR_DYN_ASIDS` in
/// arch/x86/include/asm/tlbflush.h, which modules are not told. `tools/bindings.py` compares them.
const NR_ASIDS: usize = 6;

/// Drops this CPU's translation of the page at `addr`: in the current address space, and of a global
/// page.
///
/// # Safety
///
/// Nobody uses the page.
#[inline(always)]
pub(crate) unsafe fn invalidate_page(addr: usize) {
    // SAFETY: Dropping a translation is harmless. Not `nomem`: accesses to the page come before.
    unsafe { asm!("invlpg [{}]", in(reg) addr, options(nostack, preserves_flags)) };
}

/// Whether a page must be dropped from every address space as well: see
/// [`invalidate_page_everywhere`].
pub(crate) fn has_other_address_spaces() -> bool {
    c::iomrs_boot_cpu_has(X86_FEATURE_PTI) && c::iomrs_boot_cpu_has(X86_FEATURE_PCID)
}

/// Drops this CPU's translations of the page at `addr` in every address space of the kernel.
///
/// # Safety
///
/// Nobody uses the page.
pub(crate) unsafe fn invalidate_page_everywhere(addr: usize) {
    if c::iomrs_boot_cpu_has(X86_FEATURE_INVPCID) {
        // The kernel's own half of the address space uses 1 to NR_ASIDS.
        (1..=NR_ASIDS).for_each(|pcid| c::iomrs_invpcid_flush_one(pcid, addr));
        return;
    }
    let flags = iomrs_local_irq_save();
    let cr4: usize;
    // SAFETY: Reads a register.
    unsafe { asm!("mov {}, cr4", out(reg) cr4, options(nomem, nostack, preserves_flags)) };
    for value in [cr4 ^ (1 << X86_CR4_PGE_BIT), cr4] {
        // SAFETY: A change of PGE drops all translations, which is harmless; its value comes back
        // before an interrupt can see it. Not `nomem`: accesses to the page come before.
        unsafe { asm!("mov cr4, {}", in(reg) value, options(nostack, preserves_flags)) };
    }
    // SAFETY: `flags` are those that interrupts were turned off with.
    unsafe { iomrs_local_irq_restore(flags) };
}
