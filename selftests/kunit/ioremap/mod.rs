// SPDX-License-Identifier: GPL-2.0

//! The ioremap path: entries, page sizes, cache modes, refusals, and what is undone.

#[cfg(CONFIG_X86_64)]
mod address_space;
#[cfg(CONFIG_X86_64)]
mod allocation_failures;
#[cfg(CONFIG_64BIT)]
mod arena;
#[cfg(CONFIG_X86_64)]
mod cache_modes;
mod entries;
#[cfg(CONFIG_X86_64)]
mod page_sizes;
mod refusals;
#[cfg(CONFIG_X86_64)]
mod reservations;
mod reuse;
#[cfg(CONFIG_X86_64)]
mod unwind;
