// SPDX-License-Identifier: GPL-2.0
//! error: E0133
//!
//! As map_without_unsafe.rs, for an aperture.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f() -> Result<IoMapping> {
    #[cfg(broken)]
    return IoMapping::new_wc(0xfe00_0000, 4096);
    #[cfg(not(broken))]
    // SAFETY: Never run.
    return unsafe { IoMapping::new_wc(0xfe00_0000, 4096) };
}
