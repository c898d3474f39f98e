// SPDX-License-Identifier: GPL-2.0
//! error: E0505
//!
//! A map of a BAR is used after `into_devres`, which lets the device unmap the BAR at unbind.

use io_mapping_rs::pci::{Aperture, DevresAperture};
use kernel::prelude::*;

pub fn f(aperture: Aperture<'_>) -> Result<(DevresAperture, usize)> {
    let page = aperture.map_local(0)?;
    #[cfg(broken)]
    let kept = aperture.into_devres()?;
    let addr = page.addr();
    drop(page);
    #[cfg(not(broken))]
    let kept = aperture.into_devres()?;
    Ok((kept, addr))
}
