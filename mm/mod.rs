// SPDX-License-Identifier: GPL-2.0

//! Memory management: cache modes, page-table entries and kernel address space.

pub(crate) mod cache_mode;
#[cfg(iomrs_exported)]
pub(crate) mod page_plan;
pub(crate) mod page_table;
pub(crate) mod phys_range;
pub(crate) mod slots;
pub(crate) mod vm_area;
