// SPDX-License-Identifier: GPL-2.0
//! error: E0133
//!
//! Physical addresses are mapped without a word on the right to them.

use io_mapping_rs::{ioremap::Options, CacheMode, Mapping};
use kernel::prelude::*;

pub fn f() -> Result<Mapping> {
    let options = Options::new(CacheMode::Uncached);
    #[cfg(broken)]
    return options.map(0xfed0_0000, 64);
    #[cfg(not(broken))]
    // SAFETY: Never run.
    return unsafe { options.map(0xfed0_0000, 64) };
}
