// SPDX-License-Identifier: GPL-2.0

use core::arch::asm;

/// What the results call the clock: the virtual counter of the generic timer.
pub(crate) const CLOCK: &str = "cntvct";
/// What the results say where no hypervisor tells its name: no register would tell of one.
pub(crate) const UNNAMED: &str = "unknown";

/// Returns the virtual counter, read after all that comes before and before all that comes after.
#[inline(always)]
pub(crate) fn ticks() -> u64 {
    let ticks;
    // SAFETY: The kernel may read the counter, which changes nothing, and a barrier may stand anywhere.
    unsafe {
        asm!(
            "isb; mrs {0}, cntvct_el0; isb",
            out(reg) ticks,
            options(nostack, preserves_flags)
        )
    };
    ticks
}

/// Counts as a use of the value, without an instruction that widens it.
#[inline(always)]
pub(crate) fn sink32(value: u32) {
    // SAFETY: There is no instruction in it.
    unsafe { asm!("/* {0:w} */", in(reg) value, options(nomem, nostack, preserves_flags)) };
}
