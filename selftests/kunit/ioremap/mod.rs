// SPDX-License-Identifier: GPL-2.0

//! The ioremap path: entries, page sizes, cache modes, refusals, and what is undone.

mod address_space;
mod allocation_failures;
mod arena;
mod cache_modes;
mod entries;
mod page_sizes;
mod refusals;
mod reservations;
mod reuse;
mod unwind;
