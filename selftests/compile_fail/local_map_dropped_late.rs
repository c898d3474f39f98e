// SPDX-License-Identifier: GPL-2.0
//! error: E0597
//!
//! A map of one task is not used any more when its aperture is freed, and is dropped after it.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(make: impl Fn() -> Result<IoMapping>) -> Result {
    #[cfg(not(broken))]
    let aperture = make()?;
    let _page;
    {
        #[cfg(broken)]
        let aperture = make()?;
        _page = aperture.map_local(0)?;
    }
    Ok(())
}
