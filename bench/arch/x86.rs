// SPDX-License-Identifier: GPL-2.0

use core::arch::asm;

/// What the results call the clock: the time-stamp counter.
pub(crate) const CLOCK: &str = "tsc";
/// What the results say where no hypervisor tells its name: there is none.
pub(crate) const UNNAMED: &str = "none";

/// Returns the time-stamp counter, read after all that comes before and before all that comes after.
#[inline(always)]
pub(crate) fn ticks() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: `rdtsc` writes to `eax` and `edx` only, and `lfence` to nothing.
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

/// Counts as a use of the value, without an instruction that widens it.
#[inline(always)]
pub(crate) fn sink32(value: u32) {
    // SAFETY: There is no instruction in it.
    unsafe { asm!("/* {0:e} */", in(reg) value, options(nomem, nostack, preserves_flags)) };
}
