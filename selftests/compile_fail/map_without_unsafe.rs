// SPDX-License-Identifier: GPL-2.0
//! error: E0133
//!
//! Physical addresses are mapped without `unsafe`, and so without a promise that the caller may map
//! them.

use io_mapping_rs::{ioremap::Options, CacheMode, Mapping};
use kernel::prelude::*;

pub fn f() -> Result<Mapping> {
    let options = Options::new(CacheMode::Uncached);
    #[cfg(broken)]
    return options.map(0xfed0_0000, 64);
    #[cfg(not(broken))]
    // SAFETY: This is compiled, and never run.
    return unsafe { options.map(0xfed0_0000, 64) };
}
