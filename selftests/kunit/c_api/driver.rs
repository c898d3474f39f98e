// SPDX-License-Identifier: GPL-2.0

//! What the C driver of the tests maps, and what the library reports of it.

use crate::{
    c,
    support::{mappings::strategy, outcome::*},
};
use io_mapping_rs::{CacheMode, Strategy};
use kernel::prelude::*;

/// Maps a range as a C driver does. Returns `None` where that gets NULL.
pub(super) fn ioremap(mode: CacheMode, phys: u64, size: u64) -> Option<usize> {
    let mode = c::page_cache_mode(mode);
    // SAFETY: The tests map ranges that nobody else uses, or that are refused.
    let addr = unsafe { (c::iomrs_c_driver.ioremap)(phys, size as usize, mode) };
    (addr != 0).then_some(addr)
}

/// Unmaps what [`ioremap`] has returned, or hands in another address, which the library refuses.
pub(super) fn iounmap(addr: usize) {
    // SAFETY: The tests use nothing that they have unmapped. What is not theirs is refused.
    unsafe { (c::iomrs_c_driver.iounmap)(addr) };
}

/// Calls `f`. Returns how many misuses of the driver the library reports meanwhile.
pub(super) fn count_misuses(f: impl FnOnce()) -> u32 {
    let log = c::iomrs_c_log_position();
    f();
    let text = c"io_mapping_rs: io_mapping_selftests: driver_";
    // SAFETY: The string ends with a NUL.
    unsafe { c::iomrs_c_count_lines(log, text.as_char_ptr()) }
}

/// Calls `f`. Fails the test unless the library reports so many misuses of the driver meanwhile.
pub(super) fn check_misuses(count: u32, f: impl FnOnce() -> Outcome) -> Outcome {
    let mut outcome = Ok(());
    let found = count_misuses(|| outcome = f());
    outcome?;
    check_eq!(found, count);
    Ok(())
}

/// The driver whose apertures follow the strategy of this run.
pub(super) fn driver() -> &'static c::Driver {
    match strategy() {
        Strategy::Sparse => &c::iomrs_c_checked_driver,
        _ => &c::iomrs_c_driver,
    }
}

/// An aperture of a C driver. Freed on drop.
pub(super) struct Aperture {
    raw: *mut c::IoMapping,
    driver: &'static c::Driver,
}

// SAFETY: Any task may use an aperture, as in C.
unsafe impl Sync for Aperture {}

impl Aperture {
    pub(super) fn new(driver: &'static c::Driver, base: u64, size: u64) -> Option<Self> {
        // SAFETY: The tests map ranges that nobody else uses, or that are refused.
        let raw = unsafe { (driver.create_wc)(base, size as usize) };
        // Not `then_some`, which would free NULL.
        (!raw.is_null()).then(|| Self { raw, driver })
    }

    pub(super) fn as_ptr(&self) -> *mut c::IoMapping {
        self.raw
    }

    /// What a driver reads of it.
    pub(super) fn fields(&self) -> &c::IoMapping {
        // SAFETY: `new` got it from the driver, which has not freed it.
        unsafe { &*self.raw }
    }

    pub(super) fn map_local(&self, offset: u64) -> usize {
        // SAFETY: The aperture has not been freed. What is outside of it is refused.
        unsafe { (self.driver.map_local)(self.raw, offset as usize) }
    }

    pub(super) fn unmap_local(&self, addr: usize) {
        // SAFETY: The tests use nothing that they have unmapped.
        unsafe { (self.driver.unmap_local)(addr) };
    }

    pub(super) fn map_atomic(&self, offset: u64) -> usize {
        // SAFETY: As for `map_local`. The tests unmap it before they sleep.
        unsafe { (self.driver.map_atomic)(self.raw, offset as usize) }
    }

    pub(super) fn unmap_atomic(&self, addr: usize) {
        // SAFETY: The tests use nothing that they have unmapped.
        unsafe { (self.driver.unmap_atomic)(addr) };
    }

    pub(super) fn map(&self, offset: u64, size: u64) -> usize {
        // SAFETY: As for `map_local`.
        unsafe { (self.driver.map_wc)(self.raw, offset as usize, size as usize) }
    }

    pub(super) fn unmap(&self, addr: usize) {
        // SAFETY: The tests use nothing that they have unmapped.
        unsafe { (self.driver.unmap)(addr) };
    }
}

impl Drop for Aperture {
    fn drop(&mut self) {
        // SAFETY: The driver has made it, and it is freed here only.
        unsafe { (self.driver.free)(self.raw) };
    }
}
