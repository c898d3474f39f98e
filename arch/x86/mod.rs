// SPDX-License-Identifier: GPL-2.0

//! x86-64.

mod bindings;
pub(crate) mod cache_mode;
pub(crate) mod encryption;
mod instructions;
pub(crate) mod limits;
pub(crate) mod mmio;
pub(crate) mod mtrr;
mod mtrr_range;
pub(crate) mod page_table;
pub(crate) mod percpu;
pub(crate) mod ports;
#[cfg(iomrs_preempt_inline)]
pub(crate) mod preempt;
pub(crate) mod string_io;
pub(crate) mod tlb;
pub(crate) mod xen_pv;

#[cfg(iomrs_preempt_calls)]
pub(crate) use super::generic::preempt;
