// SPDX-License-Identifier: GPL-2.0

//! Cache modes where the kernel has no registry of them.

use kernel::prelude::*;

// The number of `CacheMode::WriteBack` in mm/cache_mode.
const WRITE_BACK: u32 = 0;

/// What ends a reservation: nothing has to be kept for it.
#[cfg(iomrs_exported)]
pub(crate) struct ReservedRange;

#[cfg(iomrs_exported)]
impl ReservedRange {
    #[inline(always)]
    pub(crate) const fn new(_start: u64, _end: u64) -> Self {
        Self
    }

    /// Returns a range of no bytes.
    #[inline(always)]
    pub(crate) const fn get(&self) -> (u64, u64) {
        (0, 0)
    }
}

/// Whether the registry leaves the range out: there is none.
#[inline(always)]
pub(crate) fn is_untracked(_start: u64, _end: u64) -> bool {
    false
}

/// Whether a mapping that asked for `requested` may have `achieved`, the mode of a mapping that is there: not
/// one that is more strongly cached.
pub(crate) fn is_allowed(_start: u64, _size: u64, requested: u32, achieved: u32) -> bool {
    achieved != WRITE_BACK || requested == WRITE_BACK
}

/// Returns `requested`: there is no registry.
///
/// # Errors
///
/// None.
#[inline(always)]
pub(crate) fn reserve(_start: u64, _end: u64, requested: u32) -> Result<u32> {
    Ok(requested)
}

/// Nothing.
///
/// # Safety
///
/// None. As where there is a registry.
#[inline(always)]
pub(crate) unsafe fn free(_start: u64, _end: u64, _requested: u32) {}

/// Nothing: memory of a device is not in the kernel's own mapping.
///
/// # Errors
///
/// None.
///
/// # Safety
///
/// None. As where there is a registry.
#[inline(always)]
pub(crate) unsafe fn sync(_start: u64, _size: u64, _mode: u32) -> Result {
    Ok(())
}
