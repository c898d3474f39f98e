// SPDX-License-Identifier: GPL-2.0
//! error: E0451
//!
//! A size known at compile time that nobody has compared with the aperture.

use io_mapping_rs::{io_mapping::SizedIoMapping, IoMapping};
use kernel::prelude::*;

pub fn f(aperture: &IoMapping) -> Result<SizedIoMapping<'_, 8192>> {
    #[cfg(broken)]
    let sized = SizedIoMapping { aperture };
    #[cfg(not(broken))]
    let sized = aperture.sized()?;
    Ok(sized)
}
