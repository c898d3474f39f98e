// SPDX-License-Identifier: GPL-2.0
//! error: E0502
//!
//! The chunks of an aperture are unmapped while a map of it lives.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(aperture: &mut IoMapping) -> Result<usize> {
    let map = aperture.map(0, 4096)?;
    #[cfg(broken)]
    aperture.trim();
    let addr = map.addr();
    drop(map);
    #[cfg(not(broken))]
    aperture.trim();
    Ok(addr)
}
