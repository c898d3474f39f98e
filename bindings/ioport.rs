// SPDX-License-Identifier: GPL-2.0

//! `<linux/ioport.h>`: the request of a range of memory, as `/proc/iomem` lists it.

use kernel::{
    bindings::{__release_region, __request_region, iomem_resource, resource_size_t},
    prelude::*,
    str::CString,
};

/// A requested range of memory (C: `request_mem_region()`). Nobody else can request any of it until
/// this is dropped.
///
/// # Invariants
///
/// The `size` bytes from `start` on have been requested in the name of `_name`, and only `drop` releases
/// them.
pub(crate) struct MemoryRegion {
    start: u64,
    size: u64,
    // The list of resources points to it, for ever if this is leaked.
    _name: CString,
}

impl MemoryRegion {
    /// Requests a range in the name of this module.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EBUSY` where a part of it has been requested already, or where it leaves the
    /// resource that it begins in. The range is no wider than a physical address.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(crate) fn request(start: u64, size: u64) -> Result<Self> {
        const NAME: &CStr = c"io-mapping-rs";
        let name = CString::try_from(NAME)?;
        // SAFETY: The list of resources may be changed by any task. The result keeps the name until it
        // has released the region.
        let region = unsafe {
            __request_region(
                &raw mut iomem_resource,
                start as resource_size_t,
                size as resource_size_t,
                name.as_char_ptr(),
                0,
            )
        };
        if region.is_null() {
            return Err(EBUSY);
        }
        // INVARIANT: Requested just now.
        Ok(Self {
            start,
            size,
            _name: name,
        })
    }
}

impl Drop for MemoryRegion {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `MemoryRegion` the range has been requested, and is released here
        // only.
        unsafe {
            __release_region(
                &raw mut iomem_resource,
                self.start as resource_size_t,
                self.size as resource_size_t,
            )
        };
    }
}
