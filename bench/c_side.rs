// SPDX-License-Identifier: GPL-2.0

//! What a C driver has mapped while a workload runs: one that calls C, or the same one on the C API.

use crate::harness::c;
use core::{ffi::c_void, ptr};
use kernel::{alloc::KVVec, page::PAGE_SIZE, prelude::*};

/// What a C driver has mapped, unmapped on drop.
///
/// # Invariants
///
/// `driver` has made the aperture, unless that is null, and each page.
pub(super) struct CSide {
    driver: &'static c::Driver,
    aperture: *mut c::IoMapping,
    pages: KVVec<*mut c_void>,
}

impl CSide {
    pub(super) fn new(driver: &'static c::Driver) -> Self {
        // INVARIANT: There is nothing.
        Self {
            driver,
            aperture: ptr::null_mut(),
            pages: KVVec::new(),
        }
    }

    /// The aperture; null where there is none.
    pub(super) fn aperture(&self) -> *mut c::IoMapping {
        self.aperture
    }

    /// Makes an aperture, the only one.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Safety
    ///
    /// The range is ours for as long as `self` is there.
    pub(super) unsafe fn add_aperture(&mut self, phys: u64, size: u64) -> Result {
        // INVARIANT: `driver` makes it, or it is null.
        // SAFETY: As required of our caller.
        self.aperture = unsafe { (self.driver.aperture)(phys, usize::try_from(size)?) };
        if self.aperture.is_null() {
            return Err(ENOMEM);
        }
        Ok(())
    }

    /// Maps `count` pages from `phys` on, each by itself.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Safety
    ///
    /// The pages are ours for as long as `self` is there.
    pub(super) unsafe fn add_pages(&mut self, phys: u64, count: usize) -> Result {
        self.pages.reserve(count, GFP_KERNEL)?;
        for page in 0..count as u64 {
            let offset = page * PAGE_SIZE as u64;
            // SAFETY: As required of our caller.
            let addr = unsafe { (self.driver.map_page)(phys + offset) };
            if addr.is_null() {
                return Err(ENOMEM);
            }
            // INVARIANT: `driver` has mapped it. There is room, so that it is not lost.
            self.pages.push(addr, GFP_KERNEL)?;
        }
        Ok(())
    }
}

impl Drop for CSide {
    fn drop(&mut self) {
        for &page in &self.pages {
            // SAFETY: By the invariant it is ours, and nobody uses it.
            unsafe { (self.driver.unmap_page)(page) };
        }
        if !self.aperture.is_null() {
            // SAFETY: By the invariant it is ours, and all threads that used it have ended.
            unsafe { (self.driver.aperture_free)(self.aperture) };
        }
    }
}
