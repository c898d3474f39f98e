// SPDX-License-Identifier: GPL-2.0
//! error: E0521
//!
//! A page is mapped, and kept after the access to the BAR has ended and the driver may be unbound.

use io_mapping_rs::pci::SleepableAperture;
use kernel::prelude::*;

pub fn f(aperture: &SleepableAperture) -> Result<usize> {
    #[cfg(broken)]
    {
        let mut kept = None;
        aperture.try_access_with(|bar| kept = bar.map_local(0).ok())?;
        Ok(kept.map_or(0, |page| page.size()))
    }
    #[cfg(not(broken))]
    {
        let mut kept = None;
        aperture.try_access_with(|bar| kept = bar.map_local(0).ok().map(|page| page.size()))?;
        Ok(kept.unwrap_or(0))
    }
}
