// SPDX-License-Identifier: GPL-2.0
//! error: E0505
//!
//! An aperture is moved while a map of it lives.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(aperture: IoMapping, give: impl FnOnce(IoMapping)) -> Result<usize> {
    let map = aperture.map(0, 64)?;
    #[cfg(broken)]
    give(aperture);
    let addr = map.addr();
    drop(map);
    #[cfg(not(broken))]
    give(aperture);
    Ok(addr)
}
