// SPDX-License-Identifier: GPL-2.0

use core::arch::asm;

/// What the results call the clock: the virtual counter of the generic timer, as a register of coprocessor 15.
pub(crate) const CLOCK: &str = "cp15-cntvct";
/// What the results say where no hypervisor tells its name: no register would tell of one.
pub(crate) const UNNAMED: &str = "unknown";

/// Returns the virtual counter, read after all that comes before and before all that comes after.
#[inline(always)]
pub(crate) fn ticks() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: The kernel may read the counter, which changes nothing, and a barrier may stand anywhere.
    unsafe {
        asm!(
            ".arch armv7-a",
            "isb",
            "mrrc p15, 1, {0}, {1}, c14",
            "isb",
            out(reg) low,
            out(reg) high,
            options(nostack, preserves_flags)
        )
    };
    u64::from(high) << 32 | u64::from(low)
}

/// Counts as a use of the value.
#[inline(always)]
pub(crate) fn sink32(value: u32) {
    // SAFETY: There is no instruction in it.
    unsafe { asm!("/* {0} */", in(reg) value, options(nomem, nostack, preserves_flags)) };
}
