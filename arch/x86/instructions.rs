// SPDX-License-Identifier: GPL-2.0

//! The steps of `tlb.rs`: privileged instructions, and questions to the CPU.
//!
//! None of the instructions is `nomem`: accesses to a page come before its translation is dropped.

use super::bindings as c;
use core::arch::asm;
use kernel::bindings::{X86_CR4_PGE_BIT, X86_FEATURE_INVPCID, X86_FEATURE_PCID, X86_FEATURE_PTI};

pub(super) use crate::bindings::{iomrs_local_irq_restore, iomrs_local_irq_save};

/// The bit of CR4 that turns global pages on.
pub(super) const CR4_PGE: usize = 1 << X86_CR4_PGE_BIT;

/// Whether the kernel has a page table of its own for user mode.
pub(super) fn has_pti() -> bool {
    c::iomrs_boot_cpu_has(X86_FEATURE_PTI)
}

/// Whether translations are kept under the identifiers of address spaces.
pub(super) fn has_pcid() -> bool {
    c::iomrs_boot_cpu_has(X86_FEATURE_PCID)
}

/// Whether the CPU has the instruction of [`invpcid_all`].
pub(super) fn has_invpcid() -> bool {
    c::iomrs_boot_cpu_has(X86_FEATURE_INVPCID)
}

/// Drops the translation of a page.
#[inline(always)]
pub(super) fn invlpg(addr: usize) {
    // SAFETY: Whoever needs the translation has the CPU look it up again.
    unsafe { asm!("invlpg [{}]", in(reg) addr, options(nostack, preserves_flags)) };
}

/// Drops all translations, global ones included.
pub(super) fn invpcid_all() {
    c::iomrs_invpcid_flush_all();
}

pub(super) fn read_cr4() -> usize {
    let cr4;
    // SAFETY: Reads a register.
    unsafe { asm!("mov {}, cr4", out(reg) cr4, options(nomem, nostack, preserves_flags)) };
    cr4
}

/// Writes what [`read_cr4`] has returned, or that with another [`CR4_PGE`].
pub(super) fn write_cr4(cr4: usize) {
    // SAFETY: Only PGE changes. It decides which translations are kept across a change of CR3, and
    // not what they are.
    unsafe { asm!("mov cr4, {}", in(reg) cr4, options(nostack, preserves_flags)) };
}
