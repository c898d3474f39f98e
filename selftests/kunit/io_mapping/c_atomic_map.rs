// SPDX-License-Identifier: GPL-2.0

//! An atomic map of C's.

use crate::{c, support::mappings::CAperture};
use core::marker::PhantomData;

/// A page that C's `io_mapping_map_atomic_wc()` has mapped. Unmapped on drop.
pub(super) struct CAtomicMap<'a> {
    addr: usize,
    aperture: PhantomData<&'a CAperture>,
}

impl<'a> CAtomicMap<'a> {
    /// Maps the first page of an aperture.
    pub(super) fn new(aperture: &'a CAperture) -> Self {
        Self {
            // SAFETY: The page is in the aperture, which has not been freed.
            addr: unsafe { c::iomrs_c_io_mapping_map_atomic_wc(aperture.as_ptr(), 0) },
            aperture: PhantomData,
        }
    }
}

impl Drop for CAtomicMap<'_> {
    fn drop(&mut self) {
        // SAFETY: `new` mapped the page, in the same task.
        unsafe { c::iomrs_c_io_mapping_unmap_atomic(self.addr) };
    }
}
