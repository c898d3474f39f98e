// SPDX-License-Identifier: GPL-2.0
//! error: E0133
//!
//! An aperture is made without `unsafe`, and so without a promise that the caller may map the
//! range.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f() -> Result<IoMapping> {
    #[cfg(broken)]
    return IoMapping::new_wc(0xfe00_0000, 4096);
    #[cfg(not(broken))]
    // SAFETY: This is compiled, and never run.
    return unsafe { IoMapping::new_wc(0xfe00_0000, 4096) };
}
