// SPDX-License-Identifier: GPL-2.0

//! The kernel crate's side, where it has the like: what the author of a Rust driver would use instead of
//! this library.
//!
//! Block copies and accesses go to the mapping that both other sides use, too. The kernel crate has no
//! apertures, no cache modes, no strings of values at one register and no I/O ports. Its
//! `io::mem::IoMem` calls C's `ioremap()`, is made for devices of other buses than PCI only, and has the
//! accessors of a BAR.

pub(crate) mod accesses;
pub(crate) mod ranges;
pub(crate) mod registers;
