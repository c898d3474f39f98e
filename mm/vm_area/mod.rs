// SPDX-License-Identifier: GPL-2.0

//! A range of kernel address space that maps physical pages, given back on drop.
//!
//! | backend | address space | entries | page sizes |
//! |---|---|---|---|
//! | `exported` | `get_vm_area_caller()` | [`crate::mm::page_table`] | 4K, 2M, 1G |
//! | `stock` | parts of areas of `vmap()`: [`arena`] | [`crate::mm::page_table`] | 4K, 2M, 1G |
//!
//! C header: [`include/linux/vmalloc.h`](srctree/include/linux/vmalloc.h)

use crate::arch::machine;
use crate::mm::cache_mode::Protection;
use kernel::prelude::*;

#[cfg(iomrs_exported)]
mod exported;
#[cfg(iomrs_exported)]
use exported as backend;

#[cfg(iomrs_stock)]
pub(crate) mod arena;
#[cfg(iomrs_stock)]
use arena as backend;

/// A mapped range of kernel address space.
///
/// # Invariants
///
/// An area that the backend has made, which nothing else frees.
// One word, so that a guard that may have one stays in registers.
pub(crate) struct VmArea(backend::Handle);

// SAFETY: An area belongs to no task or CPU.
unsafe impl Send for VmArea {}
// SAFETY: There are no methods of a shared area.
unsafe impl Sync for VmArea {}

impl VmArea {
    /// Maps the physical pages `[phys, phys + size)`, both multiples of the page size. Returns the
    /// area and its first address.
    ///
    /// # Errors
    ///
    /// `ENOMEM` where there is no address space or no memory for page tables and records. `EBUSY` where an
    /// address of the new area is mapped already. Nothing stays mapped.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(crate) fn map(phys: u64, size: usize, prot: Protection) -> Result<(Self, usize)> {
        if size > machine::vmalloc_total() {
            return Err(ENOMEM);
        }
        backend::map(phys, size, prot)
    }

    /// Makes an area of `size` bytes, a multiple of the page size, with page tables in which nothing is
    /// mapped: the entries, all of small pages, are clear. Returns the area and its first address, which is
    /// aligned to a small page only.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep.
    #[cfg(not(iomrs_window_kmap))]
    pub(crate) fn reserve(size: usize) -> Result<(Self, usize)> {
        backend::reserve(size)
    }
}

impl Drop for VmArea {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariant of `VmArea` the area is live, and freed here only.
        unsafe { backend::free(self.0) };
    }
}

/// Which of the two backends this module was built with: `"exported"` or `"stock"`.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::BACKEND;
/// use kernel::{device::Device, prelude::*};
///
/// fn note_what_achieved_means(dev: &Device) {
///     if BACKEND == "stock" {
///         dev_info!(dev, "the registry of cache modes does not tell what it gave\n");
///     }
/// }
/// ```
pub const BACKEND: &str = if cfg!(iomrs_exported) {
    "exported"
} else {
    "stock"
};
