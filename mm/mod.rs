// SPDX-License-Identifier: GPL-2.0

//! Memory management: cache modes, page-table entries and kernel address space.

pub(crate) mod cache_mode;
pub(crate) mod flush;
#[cfg(iomrs_window_kmap)]
pub(crate) mod kmap;
pub(crate) mod page_plan;
pub(crate) mod page_table;
pub(crate) mod phys_range;
pub(crate) mod reclaim;
pub(crate) mod resources;
pub(crate) mod slots;
pub(crate) mod vm_area;
pub(crate) mod work;

pub(crate) use crate::arch::tlb;
pub(crate) use crate::arch::{machine, preempt};
