// SPDX-License-Identifier: GPL-2.0

//! Turns interrupts off.

use crate::harness::c;

/// Interrupts are off on this CPU until this is dropped, if it was asked for.
///
/// # Invariants
///
/// The flags, if any, are those of this CPU before interrupts were turned off.
pub(super) struct IrqsOff(Option<usize>);

impl IrqsOff {
    pub(super) fn new(wanted: bool) -> Self {
        if !wanted {
            return Self(None);
        }
        // INVARIANT: Saved here.
        Self(Some(c::iomrs_b_irq_save()))
    }
}

impl Drop for IrqsOff {
    fn drop(&mut self) {
        if let Some(flags) = self.0 {
            // SAFETY: By the invariant of `self` they were saved on this CPU, which the task cannot
            // have left with interrupts off.
            unsafe { c::iomrs_b_irq_restore(flags) };
        }
    }
}
