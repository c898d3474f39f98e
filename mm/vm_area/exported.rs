// SPDX-License-Identifier: GPL-2.0

//! Areas on a kernel with `kconfig/export.patch`: an area of our own, filled by our own walk.

use crate::arch::machine;
use crate::bindings;
use crate::mm::cache_mode::Protection;
use crate::mm::page_table::{fill, Pages};
use core::ptr::NonNull;
use kernel::prelude::*;

/// A mapped range of kernel address space.
///
/// # Invariants
///
/// An area of ours that nothing else frees.
// One word, so that a guard that may have one stays in registers.
pub(crate) struct VmArea(NonNull<bindings::vm_struct>);

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
    /// `ENOMEM` where address space, a page table or the area's own record cannot be had, `EBUSY`
    /// where an address of the new area is mapped already. All is given back.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(crate) fn map(phys: u64, size: usize, prot: Protection) -> Result<(Self, usize)> {
        if size > machine::vmalloc_total() {
            return Err(ENOMEM);
        }
        let mut addr = 0;
        // SAFETY: `addr` is valid for a write.
        let area = unsafe { bindings::iomrs_get_vm_area(size, phys, &mut addr) };
        let area = NonNull::new(area).ok_or(ENOMEM)?;
        // INVARIANT: A new area, which only our drop frees.
        let this = Self(area);
        // SAFETY: `size` addresses from `addr` on are the new area's, less the guard page; nobody
        // knows them yet.
        unsafe { fill(addr..addr + size, &Pages::new(phys, prot))? };
        Ok((this, addr))
    }
}

impl Drop for VmArea {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariant the area is live and freed here only. Entries, large pages
        // included, are cleared and translations invalidated before the addresses are used again.
        unsafe { bindings::free_vm_area(self.0.as_ptr()) };
    }
}

#[cfg(iomrs_kunit)]
#[kunit_tests(iomrs_vm_area)]
mod tests {
    use super::*;
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
        let again = unsafe { fill(addr..addr + size, &pages) };
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
