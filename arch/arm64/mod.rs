// SPDX-License-Identifier: GPL-2.0

//! 64-bit ARM, with pages of 4 KiB.

#[cfg(iomrs_exported)]
compile_error!("on arm64 only the backend stock is there: leave BACKEND out");
#[cfg(not(CONFIG_ARM64_4K_PAGES))]
compile_error!("on arm64 only kernels with pages of 4 KiB are supported");

mod alternative;
mod bindings;
pub(crate) mod cache_mode;
pub(crate) mod encryption;
pub(crate) mod limits;
pub(crate) mod mmio;
pub(crate) mod page_table;
pub(crate) mod percpu;
pub(crate) mod ports;
#[cfg(iomrs_preempt_inline)]
pub(crate) mod preempt;
pub(crate) mod string_io;
pub(crate) mod tlb;

#[cfg(iomrs_preempt_calls)]
pub(crate) use super::generic::preempt;
pub(crate) use super::generic::{mtrr, xen_pv};
