// SPDX-License-Identifier: GPL-2.0

//! What timed loops are made of: `ticks.h` in Rust.

use core::arch::asm;

/// Hides from the compiler what the value is.
#[inline(always)]
pub(crate) fn hide(value: &mut usize) {
    // SAFETY: No instruction at all.
    unsafe {
        asm!(
            "/* {0} */",
            inout(reg) * value,
            options(nomem, nostack, preserves_flags)
        )
    };
}

/// Uses the value.
#[inline(always)]
pub(crate) fn sink(value: usize) {
    // SAFETY: No instruction at all.
    unsafe { asm!("/* {0} */", in(reg) value, options(nomem, nostack, preserves_flags)) };
}

/// Uses the value, without widening it.
#[inline(always)]
pub(crate) fn sink32(value: u32) {
    // SAFETY: No instruction at all.
    unsafe { asm!("/* {0:e} */", in(reg) value, options(nomem, nostack, preserves_flags)) };
}

/// The clock, in order with all that is measured.
#[inline(always)]
pub(crate) fn ticks() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: Reads a counter.
    unsafe {
        asm!(
            "lfence; rdtsc; lfence",
            out("eax") low,
            out("edx") high,
            options(nostack, preserves_flags)
        )
    };
    u64::from(high) << 32 | u64::from(low)
}

/// What reading the ticks costs by itself, between both pairs of three.
pub(crate) fn nothing() -> (u64, u64) {
    let start = ticks();
    let mapped = ticks();
    (mapped.wrapping_sub(start), ticks().wrapping_sub(mapped))
}
