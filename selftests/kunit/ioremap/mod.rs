// SPDX-License-Identifier: GPL-2.0

//! The ioremap path.

mod cache_modes;
mod entries;
mod refusals;
pub(crate) mod unwind;
