// SPDX-License-Identifier: GPL-2.0

//! Variables of which each CPU has its own.

#[cfg(CONFIG_SMP)]
use core::arch::asm;
use core::sync::atomic::{AtomicUsize, Ordering};
use kernel::ffi::c_ulong;

/// Returns how far this CPU's copies of per-CPU variables are from the address that C's `&variable` gives.
#[cfg(CONFIG_SMP)]
#[inline(always)]
fn offset() -> usize {
    let offset;
    // SAFETY: Reads a register (TPIDRPRW). As C's `__my_cpu_offset`.
    unsafe {
        asm!(
            "mrc p15, 0, {}, c13, c0, 4",
            out(reg) offset,
            options(nomem, nostack, preserves_flags)
        )
    };
    offset
}

#[cfg(not(CONFIG_SMP))]
#[inline(always)]
const fn offset() -> usize {
    0
}

/// Adds one to a CPU's copy of a variable (C: `this_cpu_inc()`): to that of this CPU, or of the one that the
/// caller has just been migrated from. An interrupt may come at any time, and other CPUs may count in the same
/// copy.
///
/// # Safety
///
/// `variable` is the address of a per-CPU variable, as C's `&variable` gives it, which is only counted up.
#[inline(always)]
pub(crate) unsafe fn increment(variable: *const c_ulong) {
    let copy = variable.wrapping_byte_add(offset()).cast_mut();
    // SAFETY: By the caller's promise a CPU's copy, which stays and is aligned.
    unsafe { AtomicUsize::from_ptr(copy) }.fetch_add(1, Ordering::Relaxed);
}
