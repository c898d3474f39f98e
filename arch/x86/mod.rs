// SPDX-License-Identifier: GPL-2.0

//! x86-64.

mod bindings;
pub(crate) mod cache_mode;
pub(crate) mod encryption;
#[cfg(any(iomrs_stock, not(iomrs_window_kmap)))]
mod instructions;
pub(crate) mod limits;
pub(crate) mod mmio;
#[cfg(iomrs_stock)]
pub(crate) mod mtrr;
#[cfg(iomrs_stock)]
mod mtrr_range;
pub(crate) mod page_table;
pub(crate) mod percpu;
pub(crate) mod ports;
#[cfg(iomrs_preempt_inline)]
pub(crate) mod preempt;
pub(crate) mod string_io;
#[cfg(any(iomrs_stock, not(iomrs_window_kmap)))]
pub(crate) mod tlb;
pub(crate) mod xen_pv;

#[cfg(iomrs_preempt_calls)]
pub(crate) use super::generic::preempt;
