// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Translations that CPUs keep.
//!
//! Instructions that invalidate are broadcast: they reach every CPU without an interrupt. Those for this CPU
//! alone are not used: CPUs may share translations (`CNP`), so that another one could make a translation
//! anew, from an entry that it has read before, after ours has been dropped.
//!
//! C header: [`arch/arm64/include/asm/tlbflush.h`](srctree/arch/arm64/include/asm/tlbflush.h)

use super::bindings as c;

/// [`invalidate_all`] reaches every CPU.
pub(crate) const IS_BROADCAST: bool = true;

/// Drops every CPU's translations of the page at `addr`.
///
/// # Context
///
/// Any.
#[inline(always)]
pub(crate) fn invalidate_page(addr: usize) {
    c::iomrs_flush_tlb_kernel_page(addr);
}

/// Whether [`invalidate_page`] may leave translations of the page, which were made in other address
/// spaces. It drops those of all.
pub(crate) fn has_other_address_spaces() -> bool {
    false
}

/// Drops all translations of every CPU, and what they keep of the tables on the way to them.
///
/// # Context
///
/// Any.
pub(crate) fn invalidate_all() {
    c::iomrs_flush_tlb_all();
}
