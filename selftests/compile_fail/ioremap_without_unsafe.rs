// SPDX-License-Identifier: GPL-2.0
//! error: E0133
//!
//! `ioremap_wc` is called without `unsafe`.

use io_mapping_rs::ioremap::{ioremap_wc, WcMapping};
use kernel::prelude::*;

pub fn f() -> Result<WcMapping> {
    #[cfg(broken)]
    return ioremap_wc(0xfed0_0000, 64);
    #[cfg(not(broken))]
    // SAFETY: This is compiled, and never run.
    return unsafe { ioremap_wc(0xfed0_0000, 64) };
}
