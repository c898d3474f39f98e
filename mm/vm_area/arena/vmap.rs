// SPDX-License-Identifier: GPL-2.0

//! The area of a unit on a stock kernel.
//!
//! `vmap()` makes the tables of the area, down to those of small pages. There it enters one page of ours
//! again and again, not present. From then on the entries are the unit's.

use crate::arch::page_table::NOT_PRESENT;
use crate::bindings;
use crate::mm::phys_range::PAGE_SHIFT;
use core::ptr::NonNull;
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    ffi::c_void,
    page::Page,
    prelude::*,
};

/// An area that `vmap()` has made, freed on drop.
///
/// # Invariants
///
/// It is live, and nobody else frees it.
pub(super) struct Area(NonNull<c_void>);

impl Area {
    /// Makes an area of `size` bytes with tables, in which nothing is mapped. Returns it and its first
    /// address. The entries of small pages need not be clear.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, also where `size` is larger than the machine's memory.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(super) fn with_tables(size: usize) -> Result<(Self, usize)> {
        let count = size >> PAGE_SHIFT;
        // vmap() would say so, too, but wants the list of pages first.
        if count > bindings::iomrs_totalram_pages() {
            return Err(ENOMEM);
        }
        let page = Page::alloc_page(GFP_KERNEL)?;
        let mut pages = KVVec::with_capacity(count, GFP_KERNEL | __GFP_NOWARN)?;
        pages.resize(count, page.as_ptr(), GFP_KERNEL)?;
        let count = u32::try_from(count)?;
        // SAFETY: `pages` holds `count` pages. None is present, so that they may be freed when this
        // function returns.
        let addr = unsafe { bindings::iomrs_vmap(pages.as_mut_ptr(), count, NOT_PRESENT) };
        let addr = NonNull::new(addr).ok_or(ENOMEM)?;
        // INVARIANT: Made just now.
        Ok((Self(addr), addr.addr().get()))
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `Area` it is live, and freed here only.
        unsafe { bindings::vunmap(self.0.as_ptr()) };
    }
}
