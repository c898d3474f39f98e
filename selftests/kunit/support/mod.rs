// SPDX-License-Identifier: GPL-2.0

//! What the suites share: ranges and devices to map, mappings by the library and by C, and what can
//! be compared of the two.

pub(crate) mod accessors;
pub(crate) mod c_bars;
pub(crate) mod chunks;
pub(crate) mod compare;
pub(crate) mod contexts;
pub(crate) mod devices;
pub(crate) mod faults;
pub(crate) mod mappings;
pub(crate) mod outcome;
pub(crate) mod proc_files;
pub(crate) mod ranges;
pub(crate) mod reclaim;
pub(crate) mod test_memory;
pub(crate) mod text;
pub(crate) mod translation;
pub(crate) mod uart;
