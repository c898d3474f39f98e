// SPDX-License-Identifier: GPL-2.0
//! error: E0451
//!
//! A sized aperture is built without a comparison of its size with the aperture.

use core::marker::PhantomData;
use io_mapping_rs::{io_mapping::SizedIoMapping, IoMapping};
use kernel::prelude::*;

pub fn f(aperture: &IoMapping) -> Result<SizedIoMapping<'_, 8192>> {
    #[cfg(broken)]
    let sized = SizedIoMapping::<8192> {
        addr: 0xffff_c900_0000_0000,
        aperture: PhantomData,
    };
    #[cfg(not(broken))]
    let (sized, _) = (aperture.sized()?, PhantomData::<u8>);
    Ok(sized)
}
