// SPDX-License-Identifier: GPL-2.0

//! What the suites have in common.

pub(crate) mod accessors;
pub(crate) mod c_bars;
pub(crate) mod compare;
pub(crate) mod contexts;
pub(crate) mod outcome;
pub(crate) mod proc_files;
pub(crate) mod ranges;
pub(crate) mod uart;
