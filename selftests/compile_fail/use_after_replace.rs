// SPDX-License-Identifier: GPL-2.0
//! error: E0506
//!
//! An aperture is overwritten with another, which frees it, while a map of it lives.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(mut aperture: IoMapping, other: IoMapping) -> Result<usize> {
    let page = aperture.map_local(0)?;
    #[cfg(not(broken))]
    drop(page);
    aperture = other;
    #[cfg(broken)]
    drop(page);
    Ok(aperture.size() as usize)
}
