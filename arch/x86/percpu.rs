// SPDX-License-Identifier: GPL-2.0

//! Variables of which each CPU has its own.

use core::arch::asm;
use kernel::ffi::c_ulong;

/// Adds one to this CPU's copy of a variable (C: `this_cpu_inc()`): in one instruction, so that no
/// interrupt and no other task can come between.
///
/// # Safety
///
/// `variable` is the address of a per-CPU variable, as C's `&variable` gives it.
#[inline(always)]
pub(crate) unsafe fn increment(variable: *const c_ulong) {
    #[cfg(CONFIG_SMP)]
    // SAFETY: Relative to GS the address is that of this CPU's copy, by the caller's promise.
    unsafe {
        asm!("inc qword ptr gs:[{}]", in(reg) variable, options(nostack))
    };
    #[cfg(not(CONFIG_SMP))]
    // SAFETY: The only copy, by the caller's promise.
    unsafe {
        asm!("inc qword ptr [{}]", in(reg) variable, options(nostack))
    };
}
