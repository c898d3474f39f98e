// SPDX-License-Identifier: GPL-2.0

//! Time in seconds, of which 32 bits are kept.

#[cfg(not(CONFIG_64BIT))]
use kernel::bindings::get_jiffies_64;
#[cfg(CONFIG_64BIT)]
use kernel::bindings::jiffies_64;
use kernel::bindings::HZ;

/// Returns the time now in units of 64 jiffies: 32 bits are enough for years.
#[inline(always)]
pub(crate) fn now() -> u32 {
    // SAFETY: It may be called anywhere. It takes two words in one piece.
    #[cfg(not(CONFIG_64BIT))]
    let jiffies = unsafe { get_jiffies_64() };
    // SAFETY: A word that the kernel changes at any time.
    #[cfg(CONFIG_64BIT)]
    let jiffies = unsafe { (&raw const jiffies_64).read_volatile() };
    // CAST: so that what is kept is small.
    (jiffies >> 6) as u32
}

/// Returns the whole seconds since [`now`] was `then`.
pub(crate) fn seconds_since(then: u32) -> u32 {
    let passed = now().wrapping_sub(then);
    // In two parts, so that nothing overflows 32 bits.
    (passed / HZ)
        .wrapping_mul(64)
        .wrapping_add(passed % HZ * 64 / HZ)
}
