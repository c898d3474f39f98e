// SPDX-License-Identifier: GPL-2.0
//! error: E0308
//!
//! A `usize` is used as a physical address.

use io_mapping_rs::{ioremap::Options, CacheMode, Mapping};
use kernel::{io::PhysAddr, prelude::*};

#[cfg(broken)]
type Address = usize;
#[cfg(not(broken))]
type Address = PhysAddr;

pub fn f(phys: Address) -> Result<Mapping> {
    // SAFETY: This is compiled, and never run.
    unsafe { Options::new(CacheMode::Uncached).map(phys, 64) }
}
