// SPDX-License-Identifier: GPL-2.0

//! What several architectures have in the same way, and what one may use that has nothing better.

#[cfg(CONFIG_ARM)]
pub(crate) mod encryption;
#[cfg(iomrs_stock)]
pub(crate) mod limits;
#[cfg(not(CONFIG_X86_64))]
pub(crate) mod mtrr;
#[cfg(not(CONFIG_X86_64))]
pub(crate) mod no_registry;
#[cfg(not(CONFIG_ARM))]
pub(crate) mod page_table;
#[cfg(iomrs_preempt_calls)]
pub(crate) mod preempt;
#[cfg(not(CONFIG_X86_64))]
pub(crate) mod xen_pv;
