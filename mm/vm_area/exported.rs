// SPDX-License-Identifier: GPL-2.0

//! Areas on a kernel with `kconfig/export.patch`: an area without entries, filled by our own walk.

use super::Handle;
use crate::arch::page_table::{entry_alloc, TABLE_SHIFT};
use crate::bindings;
use crate::mm::cache_mode::Protection;
use crate::mm::page_table::{fill, KernelTables, Pages};
use crate::mm::phys_range::PAGE_SHIFT;
use core::{mem::ManuallyDrop, ptr::NonNull};
use kernel::prelude::*;

/// An area, freed on drop.
///
/// # Invariants
///
/// It is live, and nobody else frees it.
pub(super) struct Area(NonNull<bindings::vm_struct>);

impl Area {
    /// Makes an area without tables.
    #[inline(always)]
    fn new(phys: u64, size: usize) -> Result<(Self, usize)> {
        let mut addr = 0;
        // SAFETY: `addr` is valid for a write.
        let area = unsafe { bindings::iomrs_get_vm_area(size, phys, &mut addr) };
        // INVARIANT: Made just now.
        Ok((Self(NonNull::new(area).ok_or(ENOMEM)?), addr))
    }

    /// As [`VmArea::map`](super::VmArea::map).
    #[inline(always)]
    pub(super) fn map(phys: u64, size: usize, prot: Protection) -> Result<(Self, usize)> {
        let (area, addr) = Self::new(phys, size)?;
        // SAFETY: `size` addresses from `addr` on are those of the new area, without its guard page;
        // nobody knows them yet.
        unsafe { fill(&KernelTables, addr..addr + size, &Pages::new(phys, prot))? };
        Ok((area, addr))
    }

    /// Makes an area of `size` bytes with tables, in which nothing is mapped. Returns it and its first
    /// address.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(super) fn with_tables(size: usize) -> Result<(Self, usize)> {
        let (area, addr) = Self::new(0, size)?;
        let end = addr + size;
        let mut page = addr;
        while page < end {
            // SAFETY: The page is the new area's.
            unsafe { entry_alloc(page, PAGE_SHIFT)? };
            // The first that is in the next table. No area ends with the address space.
            page = (page | ((1 << TABLE_SHIFT) - 1)) + 1;
        }
        Ok((area, addr))
    }

    /// Returns the area as one word, which nothing frees.
    #[inline(always)]
    pub(super) fn into_handle(self) -> Handle {
        ManuallyDrop::new(self).0.cast()
    }

    /// Returns the area of a word.
    ///
    /// # Safety
    ///
    /// [`Self::into_handle`] has returned it, and this is called once for it.
    #[inline(always)]
    pub(super) unsafe fn from_handle(handle: Handle) -> Self {
        // INVARIANT: It was one when it became a word, and only our caller has that.
        Self(handle.cast())
    }
}

impl Drop for Area {
    /// Clears entries, large pages included. Translations are invalidated before the addresses are used
    /// again.
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: By the invariant of `Area` it is live, and freed here only.
        unsafe { bindings::free_vm_area(self.0.as_ptr()) };
    }
}

#[cfg(iomrs_kunit)]
#[kunit_tests(iomrs_vm_area)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::arch::machine;
    use crate::mm::cache_mode::CacheMode;
    use crate::mm::page_table::Entry;

    const LARGE: usize = 2 << 20;

    /// Device memory that nobody has: the last bytes of the widest address, never accessed here.
    fn nowhere(size: usize) -> u64 {
        (1 << machine::phys_bits()) - size as u64
    }

    fn prot() -> Protection {
        Protection::new(CacheMode::Uncached, false, false)
    }

    /// Fills an area a second time: EBUSY, and what was there stays.
    fn fill_twice(phys: u64, size: usize, second: u64) {
        let (_area, addr) = Area::map(phys, size, prot()).unwrap();
        let before = Entry::lookup(addr).unwrap();
        let pages = Pages::new(second, prot());
        // SAFETY: The area is ours and unused.
        let again = unsafe { fill(&KernelTables, addr..addr + size, &pages) };
        assert_eq!(again.err(), Some(EBUSY));
        assert_eq!(Entry::lookup(addr), Some(before));
    }

    #[test]
    fn s27_small_over_small_is_ebusy() {
        fill_twice(nowhere(LARGE), 4096, nowhere(LARGE) + 4096);
    }

    #[test]
    fn s27_small_over_large_is_ebusy() {
        fill_twice(nowhere(2 * LARGE), LARGE, nowhere(2 * LARGE) + 4096);
    }

    #[test]
    fn s27_large_over_small_is_ebusy() {
        fill_twice(nowhere(2 * LARGE) + 4096, LARGE, nowhere(2 * LARGE));
    }

    #[test]
    fn s27_large_over_large_is_ebusy() {
        fill_twice(nowhere(2 * LARGE), LARGE, nowhere(2 * LARGE));
    }

    #[test]
    fn a_failed_fill_leaves_nothing() {
        // More than all of the address space of areas.
        assert_eq!(
            crate::mm::vm_area::VmArea::map(0, usize::MAX & !4095, prot()).err(),
            Some(ENOMEM)
        );
        let (area, addr) = Area::map(nowhere(LARGE), LARGE, prot()).unwrap();
        assert!(Entry::lookup(addr).is_some());
        drop(area);
        assert!(Entry::lookup(addr).is_none());
    }
}
