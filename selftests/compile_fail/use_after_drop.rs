// SPDX-License-Identifier: GPL-2.0
//! error: E0505
//!
//! A map is used after its aperture has been freed.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(aperture: IoMapping) -> Result<usize> {
    let page = aperture.map_local(0)?;
    #[cfg(broken)]
    drop(aperture);
    Ok(page.addr())
}
