// SPDX-License-Identifier: GPL-2.0
//! error: E0451
//!
//! A map made up from an address.

use core::marker::PhantomData;
use io_mapping_rs::{io_mapping::Map, IoMapping};
use kernel::prelude::*;

pub fn f(aperture: &IoMapping) -> Result<Map<'_>> {
    #[cfg(broken)]
    let map = Map {
        addr: aperture.whole().addr(),
        size: 64,
        aperture: PhantomData,
    };
    #[cfg(not(broken))]
    let (map, _) = (aperture.map(0, 64)?, PhantomData::<u8>);
    Ok(map)
}
