// SPDX-License-Identifier: GPL-2.0

//! Preemption and page faults off and on, by calls of what C has inline.

use crate::bindings;
/// Whether this is an interrupt, soft or hard: what runs here ends before a task of this CPU goes on.
pub(crate) use crate::bindings::iomrs_in_interrupt as in_interrupt;
#[cfg(not(CONFIG_PREEMPT_RT))]
use crate::bindings::{iomrs_preempt_disable as stay, iomrs_preempt_enable as leave};
#[cfg(CONFIG_PREEMPT_RT)]
use crate::bindings::{migrate_disable as stay, migrate_enable as leave};

/// Turns preemption off, on `PREEMPT_RT` migration, and then page faults, as C's
/// `io_mapping_map_atomic_wc()` does.
#[inline(never)]
pub(crate) fn map_atomic_begin() {
    // SAFETY: The count of the running task, or of this CPU, may be raised anywhere.
    unsafe { stay() };
    // SAFETY: The count of the running task may be raised anywhere.
    unsafe { bindings::iomrs_pagefault_disable() };
}

/// Undoes [`map_atomic_begin`].
///
/// # Safety
///
/// Called once for each of them, by the same task or interrupt.
#[inline(never)]
pub(crate) unsafe fn map_atomic_end() {
    // SAFETY: By the caller's promise page faults were turned off by this task.
    unsafe { bindings::iomrs_pagefault_enable() };
    // SAFETY: By the caller's promise preemption, or migration, was turned off by this task.
    unsafe { leave() };
}

/// Returns the number of the CPU that this runs on.
#[inline(always)]
pub(crate) fn this_cpu() -> usize {
    // SAFETY: It may be called anywhere.
    let cpu = unsafe { kernel::bindings::raw_smp_processor_id() };
    // CAST: not negative.
    cpu as usize
}
