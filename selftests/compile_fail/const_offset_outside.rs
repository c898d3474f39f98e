// SPDX-License-Identifier: GPL-2.0
//! error: E0080
//!
//! The page at a constant offset is not inside the constant size.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

#[cfg(broken)]
const OFFSET: usize = 8192;
#[cfg(not(broken))]
const OFFSET: usize = 4096;

#[inline(never)]
pub fn f(aperture: &IoMapping) -> Result<usize> {
    Ok(aperture.sized::<8192>()?.map_local::<OFFSET>().addr())
}
