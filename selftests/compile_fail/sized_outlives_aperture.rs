// SPDX-License-Identifier: GPL-2.0
//! error: E0505
//!
//! A sized aperture is used after the aperture itself has been freed.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(aperture: IoMapping) -> Result<usize> {
    let sized = aperture.sized::<8192>()?;
    #[cfg(broken)]
    drop(aperture);
    Ok(sized.map_local::<4096>().addr())
}
