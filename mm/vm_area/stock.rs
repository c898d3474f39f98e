// SPDX-License-Identifier: GPL-2.0

//! Areas on an unmodified kernel: `vmap_pfn()` makes area and entries in one step, 4K pages only.

use crate::arch::machine;
use crate::bindings;
use crate::mm::cache_mode::Protection;
use crate::mm::phys_range::PAGE_SHIFT;
use crate::mm::resources::first_valid_pfn;
use core::ptr::NonNull;
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    ffi::c_void,
    prelude::*,
};

/// A mapped range of kernel address space.
///
/// # Invariants
///
/// `addr` is the first address of an area of ours that nothing else frees.
pub(crate) struct VmArea {
    addr: NonNull<c_void>,
}

// SAFETY: An area belongs to no task or CPU.
unsafe impl Send for VmArea {}
// SAFETY: A shared area can be asked for nothing.
unsafe impl Sync for VmArea {}

impl VmArea {
    /// Maps the physical pages `[phys, phys + size)`, both multiples of the page size. Gives the first
    /// address, too.
    ///
    /// # Errors
    ///
    /// `EPERM` for pages that have a `struct page` (`vmap_pfn()` refuses them), `ENOMEM` where
    /// address space, page tables or the list of page frames (8 bytes a page, while mapping) cannot
    /// be had.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(crate) fn map(phys: u64, size: usize, prot: Protection) -> Result<(Self, usize)> {
        if size > machine::vmalloc_total() {
            return Err(ENOMEM);
        }
        let count = u32::try_from(size >> PAGE_SHIFT).map_err(|_| ENOMEM)?;
        let first = usize::try_from(phys >> PAGE_SHIFT)?;
        let end = first + (size >> PAGE_SHIFT);
        // vmap_pfn() refuses a page with a struct page, with a warning.
        if first_valid_pfn(first, end).is_some() {
            return Err(EPERM);
        }
        // More than there is memory for is an error, not a warning in the log.
        let mut pfns = KVVec::with_capacity(size >> PAGE_SHIFT, GFP_KERNEL | __GFP_NOWARN)?;
        for pfn in first..end {
            pfns.push(pfn, GFP_KERNEL)?;
        }
        // SAFETY: `pfns` holds `count` page frames, none of which has a `struct page`.
        let addr = unsafe { bindings::iomrs_vmap_pfn(pfns.as_mut_ptr(), count, prot.as_raw()) };
        // INVARIANT: A new area, which only our drop frees.
        let area = Self {
            addr: NonNull::new(addr).ok_or(ENOMEM)?,
        };
        Ok((area, addr.addr()))
    }
}

impl Drop for VmArea {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariant the area is live and freed here only; `vmap_pfn()` areas are
        // released by `vunmap()`.
        unsafe { bindings::vunmap(self.addr.as_ptr()) };
    }
}
