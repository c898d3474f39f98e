// SPDX-License-Identifier: GPL-2.0

//! Copies from and to device memory: C's `memcpy_fromio()` and `memcpy_toio()`.
//!
//! A copy of whole words that C makes by one `rep movsl` is made here by the same accesses, without
//! C's tests for bytes before and after.

use super::encryption::cc_platform_has;
use core::arch::asm;
use kernel::{bindings, ffi::c_void};

/// Whether a copy of `size` bytes is one of whole words, and may be one instruction. With KMSAN, C
/// marks the memory.
#[inline(always)]
fn is_words(io: *const c_void, size: usize) -> bool {
    let is_unrolled = || cc_platform_has(bindings::cc_attr_CC_ATTR_GUEST_UNROLL_STRING_IO);
    (io.addr() | size) % size_of::<u32>() == 0 && !cfg!(CONFIG_KMSAN) && !is_unrolled()
}

/// Copies `size` bytes, a multiple of 4.
///
/// # Safety
///
/// There are as many at `from` and at `to`, one of which is device memory.
#[inline(always)]
unsafe fn copy_words(to: *mut c_void, from: *const c_void, size: usize) {
    // SAFETY: As required of our caller. The direction flag is clear in the kernel.
    unsafe {
        asm!(
            "rep movsd",
            inout("rdi") to => _,
            inout("rsi") from => _,
            inout("rcx") size / size_of::<u32>() => _,
            options(nostack, preserves_flags)
        )
    };
}

/// Copies `size` bytes from device memory at `io`.
///
/// # Safety
///
/// There are as many mapped at `io`, and room for as many at `data`.
#[inline(never)]
pub(crate) unsafe fn memcpy_fromio(data: *mut c_void, io: *const c_void, size: usize) {
    if is_words(io, size) {
        // SAFETY: As required of our caller, and a multiple of 4 bytes.
        unsafe { copy_words(data, io, size) };
    } else {
        // SAFETY: As required of our caller.
        unsafe { bindings::memcpy_fromio(data, io, size) };
    }
}

/// Copies `size` bytes to device memory at `io`.
///
/// # Safety
///
/// There are as many mapped at `io`, and as many at `data`.
#[inline(never)]
pub(crate) unsafe fn memcpy_toio(io: *mut c_void, data: *const c_void, size: usize) {
    if is_words(io, size) {
        // SAFETY: As required of our caller, and a multiple of 4 bytes.
        unsafe { copy_words(io, data, size) };
    } else {
        // SAFETY: As required of our caller.
        unsafe { bindings::memcpy_toio(io, data, size) };
    }
}

pub(crate) use bindings::memset_io;
