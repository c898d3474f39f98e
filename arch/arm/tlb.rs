// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Translations that this CPU keeps.
//!
//! C header: [`arch/arm/include/asm/tlbflush.h`](srctree/arch/arm/include/asm/tlbflush.h)

use super::bindings as c;

/// [`invalidate_all`] reaches this CPU alone: not every ARMv7 broadcasts it.
pub(crate) const IS_BROADCAST: bool = false;

/// Drops this CPU's translation of the page at `addr`.
///
/// # Context
///
/// Any. The caller stays on this CPU.
#[inline(always)]
pub(crate) fn invalidate_page(addr: usize) {
    c::iomrs_local_flush_tlb_kernel_page(addr);
}

/// Whether [`invalidate_page`] may leave translations of the page, which were made in other address
/// spaces. Those of the kernel's addresses are kept for all of them.
pub(crate) fn has_other_address_spaces() -> bool {
    false
}

/// Drops all translations that this CPU keeps.
///
/// # Context
///
/// Any. The caller stays on this CPU.
pub(crate) fn invalidate_all() {
    c::iomrs_local_flush_tlb_all();
}
