// SPDX-License-Identifier: GPL-2.0

//! L1: one range of kernel address space that maps physical pages, given back on drop.
//!
//! | backend | address space | entries | page sizes |
//! |---|---|---|---|
//! | `exported` | `get_vm_area_caller()` | [`crate::page_table`] | 4K, 2M, 1G |
//! | `stock` | `vmap_pfn()` | `vmap_pfn()` | 4K |
//!
//! C header: [`include/linux/vmalloc.h`](srctree/include/linux/vmalloc.h)

#[cfg(iomrs_exported)]
mod exported;
#[cfg(iomrs_exported)]
pub(crate) use exported::VmArea;

#[cfg(iomrs_stock)]
mod stock;
#[cfg(iomrs_stock)]
pub(crate) use stock::VmArea;

/// Which of the two backends this module was built with: `"exported"` or `"stock"`.
pub const BACKEND: &str = if cfg!(iomrs_exported) {
    "exported"
} else {
    "stock"
};
