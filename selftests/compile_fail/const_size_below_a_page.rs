// SPDX-License-Identifier: GPL-2.0
//! error: E0080
//!
//! A page is mapped of an aperture whose constant size is less than a page.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

#[cfg(broken)]
const SIZE: usize = 4095;
#[cfg(not(broken))]
const SIZE: usize = 4096;

#[inline(never)]
pub fn f(aperture: &IoMapping) -> Result<usize> {
    Ok(aperture.sized::<SIZE>()?.map_local::<0>().addr())
}
