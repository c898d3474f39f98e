// SPDX-License-Identifier: GPL-2.0
//! error: E0597
//!
//! A page is mapped in the last expression of a block, so that it is dropped after the access to the
//! BAR has ended and the driver may be unbound.

use io_mapping_rs::pci::DevresAperture;
use kernel::{io::Io, prelude::*};

pub fn f(aperture: &DevresAperture) -> Result<u32> {
    let memory = aperture.try_access().ok_or(ENODEV)?;
    #[cfg(broken)]
    {
        memory.map_local(0)?.try_read32(0)
    }
    #[cfg(not(broken))]
    {
        let word = memory.map_local(0)?.try_read32(0);
        word
    }
}
