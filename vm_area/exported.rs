// SPDX-License-Identifier: GPL-2.0

//! Areas on a kernel with `kconfig/export.patch`: an area of our own, filled by our own walk.

use crate::bindings;
use crate::cache_mode::Protection;
use crate::page_table::{fill, Pages};
use core::ptr::NonNull;
use kernel::prelude::*;

/// A mapped range of kernel address space.
///
/// # Invariants
///
/// `area` is an area of ours that nothing else frees, and `addr` is its first address.
pub(crate) struct VmArea {
    area: NonNull<bindings::vm_struct>,
    addr: usize,
}

// SAFETY: An area belongs to no task or CPU.
unsafe impl Send for VmArea {}
// SAFETY: A shared area can only be asked for its address.
unsafe impl Sync for VmArea {}

impl VmArea {
    /// Maps the physical pages `[phys, phys + size)`, both multiples of the page size.
    ///
    /// # Errors
    ///
    /// `ENOMEM` where address space, a page table or the area's own record cannot be had, `EBUSY`
    /// where an address of the new area is mapped already. All is given back.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(crate) fn map(phys: u64, size: usize, prot: Protection) -> Result<Self> {
        if size > bindings::iomrs_vmalloc_total() {
            return Err(ENOMEM);
        }
        let mut addr = 0;
        // SAFETY: `addr` is valid for a write.
        let area = unsafe { bindings::iomrs_get_vm_area(size, phys, &mut addr) };
        let area = NonNull::new(area).ok_or(ENOMEM)?;
        // INVARIANT: A new area, which only our drop frees.
        let this = Self { area, addr };
        // SAFETY: `size` addresses from `addr` on are the new area's, less the guard page; nobody
        // knows them yet.
        unsafe { fill(addr..addr + size, &Pages::new(phys, prot))? };
        Ok(this)
    }

    /// The first address.
    #[inline]
    pub(crate) fn addr(&self) -> usize {
        self.addr
    }
}

impl Drop for VmArea {
    fn drop(&mut self) {
        // SAFETY: By the invariant the area is live and freed here only. Entries, large pages
        // included, are cleared and translations invalidated before the addresses are used again.
        unsafe { bindings::free_vm_area(self.area.as_ptr()) };
    }
}
