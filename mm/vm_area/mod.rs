// SPDX-License-Identifier: GPL-2.0

//! L1: one range of kernel address space that maps physical pages, given back on drop.
//!
//! | backend | address space | entries | page sizes |
//! |---|---|---|---|
//! | `exported` | `get_vm_area_caller()` | [`crate::mm::page_table`] | 4K, 2M, 1G |
//! | `stock` | `vmap_pfn()` | `vmap_pfn()` | 4K |
//!
//! C header: [`include/linux/vmalloc.h`](srctree/include/linux/vmalloc.h)

use crate::arch::machine;
use crate::mm::cache_mode::Protection;
use crate::mm::page_table::{set_entry, small_entry};
use crate::mm::phys_range::PAGE_SIZE;
use kernel::prelude::*;

#[cfg(iomrs_exported)]
mod exported;
#[cfg(iomrs_exported)]
pub(crate) use exported::VmArea;

#[cfg(iomrs_stock)]
mod stock;
#[cfg(iomrs_stock)]
pub(crate) use stock::VmArea;

impl VmArea {
    /// An area of `size` bytes, a multiple of the page size, with page tables but nothing mapped:
    /// the entries, all of small pages, are clear. Gives the first address, too.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep.
    #[cfg_attr(iomrs_window_kmap, expect(dead_code))]
    pub(crate) fn map_nothing(size: usize) -> Result<(Self, usize)> {
        // Where a struct page is least likely: vmap_pfn() refuses pages that have one.
        let end = 1 << machine::phys_bits();
        let phys = end - size as u64;
        let (area, addr) = Self::map(phys, size, Protection::none())?;
        for page in (addr..addr.wrapping_add(size)).step_by(PAGE_SIZE as usize) {
            if let Some(entry) = small_entry(page) {
                // SAFETY: The entry is our area's. It is not present, so that no TLB has it.
                unsafe { set_entry(entry.as_ptr(), 0) };
            }
        }
        Ok((area, addr))
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
/// fn warn_of_small_pages(dev: &Device) {
///     if BACKEND == "stock" {
///         dev_warn!(dev, "no large pages: a mapping of the whole BAR is slow\n");
///     }
/// }
/// ```
pub const BACKEND: &str = if cfg!(iomrs_exported) {
    "exported"
} else {
    "stock"
};
