// SPDX-License-Identifier: GPL-2.0
//! error: E0597
//!
//! A map is used after its aperture has been freed at the end of a block.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(make: impl Fn() -> Result<IoMapping>) -> Result<usize> {
    #[cfg(not(broken))]
    let aperture = make()?;
    let page;
    {
        #[cfg(broken)]
        let aperture = make()?;
        page = aperture.map_local(0)?;
    }
    Ok(page.addr())
}
