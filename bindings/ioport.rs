// SPDX-License-Identifier: GPL-2.0

//! `<linux/ioport.h>`: the request of a range of memory, as `/proc/iomem` lists it.

use kernel::{
    bindings::{__release_region, __request_region, iomem_resource},
    prelude::*,
};

/// A requested range of memory (C: `request_mem_region()`). Nobody else can request any of it until
/// this is dropped.
///
/// # Invariants
///
/// The `size` bytes from `start` on have been requested, and only `drop` releases them.
pub(crate) struct MemoryRegion {
    start: u64,
    size: u64,
}

impl MemoryRegion {
    /// Requests a range in the name of this module.
    ///
    /// # Errors
    ///
    /// `EBUSY` where a part of it has been requested already, where it leaves the resource that it begins
    /// in, or where there is no memory.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(crate) fn request(start: u64, size: u64) -> Result<Self> {
        const NAME: &CStr = c"io-mapping-rs";
        // SAFETY: The list of resources may be changed by any task. The name lives as long as this
        // module, and whoever has a region uses the module.
        let region = unsafe {
            __request_region(&raw mut iomem_resource, start, size, NAME.as_char_ptr(), 0)
        };
        if region.is_null() {
            return Err(EBUSY);
        }
        // INVARIANT: Requested just now.
        Ok(Self { start, size })
    }
}

impl Drop for MemoryRegion {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `MemoryRegion` the range has been requested, and is released here
        // only.
        unsafe { __release_region(&raw mut iomem_resource, self.start, self.size) };
    }
}
