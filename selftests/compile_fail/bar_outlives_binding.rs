// SPDX-License-Identifier: GPL-2.0
//! error: E0505
//!
//! A map of a BAR lives on after the device has been given the BAR, to drop when it is unbound.

use io_mapping_rs::pci::{Aperture, DevresAperture};
use kernel::prelude::*;

pub fn f(aperture: Aperture<'_>) -> Result<(DevresAperture, usize)> {
    let page = aperture.map_local(0)?;
    #[cfg(broken)]
    let kept = aperture.into_devres()?;
    let addr = page.addr();
    #[cfg(not(broken))]
    let kept = aperture.into_devres()?;
    Ok((kept, addr))
}
