// SPDX-License-Identifier: GPL-2.0

//! Variables of which each CPU has its own.

use super::alternative::alternative;
use core::arch::asm;
use core::sync::atomic::{AtomicUsize, Ordering};
use kernel::{bindings::ARM64_HAS_VIRT_HOST_EXTN, ffi::c_ulong};

/// Returns how far this CPU's copies of per-CPU variables are from the address that C's `&variable` gives.
#[inline(always)]
fn offset() -> usize {
    let offset;
    // SAFETY: Reads a register. As C's `__my_cpu_offset`.
    unsafe {
        asm!(
            alternative!("mrs {offset}, tpidr_el1", "mrs {offset}, tpidr_el2", "{capability}"),
            offset = out(reg) offset,
            capability = const ARM64_HAS_VIRT_HOST_EXTN,
            options(nomem, nostack, preserves_flags)
        )
    };
    offset
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
