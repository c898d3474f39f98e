// SPDX-License-Identifier: GPL-2.0
//! error: E0277
//!
//! Write-combining memory is read, modified and written by `try_update`.

use io_mapping_rs::ioremap::WcMapping;
use kernel::{io::Io, prelude::*};

pub fn f(screen: &WcMapping) -> Result {
    let pixels = screen.sized_wc::<8>()?;
    #[cfg(broken)]
    return (&pixels).try_update(0, |pixel: u32| pixel | 1);
    #[cfg(not(broken))]
    return pixels.try_write32(1 | (&pixels).size() as u32, 0);
}
