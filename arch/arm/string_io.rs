// SPDX-License-Identifier: GPL-2.0

//! Copies from and to device memory: C's own functions.
//!
//! C header: [`arch/arm/include/asm/io.h`](srctree/arch/arm/include/asm/io.h)

use super::bindings as c;
use kernel::ffi::{c_int, c_ulong, c_void};

/// As C's.
///
/// # Safety
///
/// As for a copy of `count` bytes from `from`, device memory, to `to`.
#[inline(always)]
pub(crate) unsafe fn memcpy_fromio(to: *mut c_void, from: *const c_void, count: c_ulong) {
    // SAFETY: As required of our caller.
    unsafe { c::iomrs_memcpy_fromio(to, from, count) };
}

/// As C's.
///
/// # Safety
///
/// As for a copy of `count` bytes from `from` to `to`, device memory.
#[inline(always)]
pub(crate) unsafe fn memcpy_toio(to: *mut c_void, from: *const c_void, count: c_ulong) {
    // SAFETY: As required of our caller.
    unsafe { c::iomrs_memcpy_toio(to, from, count) };
}

/// As C's.
///
/// # Safety
///
/// As for a store of `count` bytes to `to`, device memory.
#[inline(always)]
pub(crate) unsafe fn memset_io(to: *mut c_void, value: c_int, count: c_ulong) {
    // SAFETY: As required of our caller.
    unsafe { c::iomrs_memset_io(to, value, count) };
}
