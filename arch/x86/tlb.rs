// SPDX-License-Identifier: GPL-2.0

//! Translations that this CPU keeps.
//!
//! With page-table isolation (which turns INVLPGB off) entries of the kernel are not global. A CPU
//! with PCID then keeps translations of the kernel's addresses once for each process, and `invlpg`
//! drops the running one's only. The others can be dropped by a flush of everything.
//!
//! This file has the order of the steps. `instructions.rs` has the steps, so that `selftests/host`
//! can put a model of a CPU in their place.

use super::instructions as cpu;

/// [`invalidate_all`] is for this CPU alone.
pub(crate) const IS_BROADCAST: bool = false;

/// Drops this CPU's translation of the page at `addr`: in the current address space, and of a global
/// page. See [`has_other_address_spaces`].
///
/// # Context
///
/// Any. The caller stays on this CPU.
#[inline(always)]
pub(crate) fn invalidate_page(addr: usize) {
    cpu::invlpg(addr);
}

/// Whether [`invalidate_page`] may leave translations of the page, which were made in other address
/// spaces. [`invalidate_all`] drops them.
pub(crate) fn has_other_address_spaces() -> bool {
    cpu::has_pti() && cpu::has_pcid()
}

/// Drops all translations that this CPU keeps: in every address space, and of global pages.
///
/// # Context
///
/// Any. The caller stays on this CPU.
pub(crate) fn invalidate_all() {
    if cpu::has_invpcid() {
        return cpu::invpcid_all();
    }
    // A change of PGE drops everything. Nobody may see the changed value, nor change another bit.
    let flags = cpu::iomrs_local_irq_save();
    let cr4 = cpu::read_cr4();
    cpu::write_cr4(cr4 ^ cpu::CR4_PGE);
    cpu::write_cr4(cr4);
    // SAFETY: `flags` are those that interrupts were turned off with.
    unsafe { cpu::iomrs_local_irq_restore(flags) };
}
