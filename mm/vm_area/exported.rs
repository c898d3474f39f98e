// SPDX-License-Identifier: GPL-2.0

//! Areas on a kernel with `kconfig/export.patch`: an area without entries, filled by our own walk.

use super::VmArea;
use crate::bindings;
use crate::mm::cache_mode::Protection;
use crate::mm::page_table::{fill, KernelTables, Pages};
#[cfg(not(iomrs_window_kmap))]
use crate::{
    arch::page_table::entry_alloc,
    mm::phys_range::{PAGE_SHIFT, PAGE_SIZE},
};
use core::ptr::NonNull;
use kernel::prelude::*;

/// The kernel's record of an area.
pub(super) type Handle = NonNull<bindings::vm_struct>;

/// Makes an area without tables.
#[inline(always)]
fn new(phys: u64, size: usize) -> Result<(VmArea, usize)> {
    let mut addr = 0;
    // SAFETY: `addr` is valid for a write.
    let area = unsafe { bindings::iomrs_get_vm_area(size, phys, &mut addr) };
    // INVARIANT: A new area, which only the drop of `VmArea` frees.
    Ok((VmArea(NonNull::new(area).ok_or(ENOMEM)?), addr))
}

/// As [`VmArea::map`].
pub(super) fn map(phys: u64, size: usize, prot: Protection) -> Result<(VmArea, usize)> {
    let (area, addr) = new(phys, size)?;
    // SAFETY: `size` addresses from `addr` on are those of the new area, without its guard page;
    // nobody knows them yet.
    unsafe { fill(&KernelTables, addr..addr + size, &Pages::new(phys, prot))? };
    Ok((area, addr))
}

/// As [`VmArea::reserve`].
#[cfg(not(iomrs_window_kmap))]
pub(super) fn reserve(size: usize) -> Result<(VmArea, usize)> {
    let (area, addr) = new(0, size)?;
    for page in (addr..addr + size).step_by(PAGE_SIZE as usize) {
        // SAFETY: The page is the new area's.
        unsafe { entry_alloc(page, PAGE_SHIFT)? };
    }
    Ok((area, addr))
}

/// Frees an area. Entries, large pages included, are cleared and translations invalidated before the
/// addresses are used again.
///
/// # Safety
///
/// [`map`] has made it, and it has not been freed.
#[inline(always)]
pub(super) unsafe fn free(area: Handle) {
    // SAFETY: A live area, as required of our caller.
    unsafe { bindings::free_vm_area(area.as_ptr()) };
}

#[cfg(iomrs_kunit)]
#[kunit_tests(iomrs_vm_area)]
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
        let (_area, addr) = VmArea::map(phys, size, prot()).unwrap();
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
            VmArea::map(0, usize::MAX & !4095, prot()).err(),
            Some(ENOMEM)
        );
        let (area, addr) = VmArea::map(nowhere(LARGE), LARGE, prot()).unwrap();
        assert!(Entry::lookup(addr).is_some());
        drop(area);
        assert!(Entry::lookup(addr).is_none());
    }
}
