// SPDX-License-Identifier: GPL-2.0
//! error: E0080
//!
//! `try_map_local` is called for a constant size that is no power of two. It checks an offset by
//! one test, which works for powers of two only.

use io_mapping_rs::io_mapping::SizedIoMapping;
use kernel::prelude::*;

#[cfg(broken)]
const SIZE: usize = 3 * 4096;
#[cfg(not(broken))]
const SIZE: usize = 4 * 4096;

#[inline(never)]
pub fn f(aperture: SizedIoMapping<'_, SIZE>, offset: u64) -> Result<usize> {
    Ok(aperture.try_map_local(offset)?.addr())
}
