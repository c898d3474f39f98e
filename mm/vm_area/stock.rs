// SPDX-License-Identifier: GPL-2.0

//! Areas on an unmodified kernel: `vmap_pfn()` makes area and entries in one step, with 4K pages only.

use super::VmArea;
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

/// The first byte of an area.
pub(super) type Handle = c_void;

/// As [`VmArea::map`]. The list of page frames takes 8 bytes a page while this runs.
pub(super) fn map(phys: u64, size: usize, prot: Protection) -> Result<(VmArea, usize)> {
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
    let addr = NonNull::new(addr).ok_or(ENOMEM)?;
    // INVARIANT: A new area, which only the drop of `VmArea` frees.
    Ok((VmArea(addr), addr.as_ptr().addr()))
}

/// Frees an area.
///
/// # Safety
///
/// [`map`] has made it, and it has not been freed.
#[inline(always)]
pub(super) unsafe fn free(area: NonNull<Handle>) {
    // SAFETY: A live area, as required of our caller; `vunmap()` releases those of `vmap_pfn()`.
    unsafe { bindings::vunmap(area.as_ptr()) };
}
