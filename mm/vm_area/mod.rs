// SPDX-License-Identifier: GPL-2.0

//! A range of kernel address space that maps physical pages, given back on drop.
//!
//! | kernel | address space | page sizes |
//! |---|---|---|
//! | backend `exported` | `get_vm_area_caller()`, or with `arena=1` parts of such areas: [`arena`] | 4K, 2M, 1G |
//! | backend `stock` | parts of areas of `vmap()`: [`arena`] | 4K, 2M, 1G |
//!
//! Entries are written by [`crate::mm::page_table`].
//!
//! C header: [`include/linux/vmalloc.h`](srctree/include/linux/vmalloc.h)

use crate::arch::machine;
use crate::mm::cache_mode::Protection;
use core::ptr::NonNull;
use kernel::{ffi::c_void, prelude::*};

#[cfg(CONFIG_64BIT)]
pub(crate) mod arena;
#[cfg(not(CONFIG_64BIT))]
#[path = "no_arena.rs"]
pub(crate) mod arena;
pub(crate) mod arena_usage;
#[cfg(iomrs_exported)]
mod exported;

/// A part of the arena, as a number, or the kernel's record of an area.
type Handle = NonNull<c_void>;

/// A mapped range of kernel address space.
///
/// # Invariants
///
/// A part of the arena where that is in use, else an area of `exported`. Nothing else frees it.
// One word, so that a guard that may have one stays in registers.
pub(crate) struct VmArea(Handle);

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
    #[inline(always)]
    pub(crate) fn map(phys: u64, size: usize, prot: Protection) -> Result<(Self, usize)> {
        if size > machine::vmalloc_total() {
            return Err(ENOMEM);
        }
        #[cfg(iomrs_exported)]
        if !arena::is_in_use() {
            let (area, addr) = exported::Area::map(phys, size, prot)?;
            // INVARIANT: An area, as the arena is not in use.
            return Ok((Self(area.into_handle()), addr));
        }
        arena::map(phys, size, prot)
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
    pub(crate) fn reserve(size: usize) -> Result<(Self, usize)> {
        #[cfg(iomrs_exported)]
        if !arena::is_in_use() {
            let (area, addr) = exported::Area::with_tables(size)?;
            // INVARIANT: As in `map`.
            return Ok((Self(area.into_handle()), addr));
        }
        arena::reserve(size)
    }
}

impl Drop for VmArea {
    #[inline]
    fn drop(&mut self) {
        #[cfg(iomrs_exported)]
        if !arena::is_in_use() {
            // SAFETY: By the invariant of `VmArea` it is an area, and freed here only.
            drop(unsafe { exported::Area::from_handle(self.0) });
            return;
        }
        // SAFETY: By the invariant of `VmArea` it is a part, and freed here only.
        unsafe { arena::free(self.0) };
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
