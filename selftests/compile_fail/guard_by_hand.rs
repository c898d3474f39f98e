// SPDX-License-Identifier: GPL-2.0
//! error: E0451
//!
//! A guard is built from an address.

use core::marker::PhantomData;
use io_mapping_rs::io_mapping::{PageMap, SizedIoMapping};

pub fn f(aperture: SizedIoMapping<'_, 8192>) -> PageMap<'_> {
    #[cfg(broken)]
    let map = PageMap {
        addr: 0xffff_c900_0000_0000,
        aperture: PhantomData,
    };
    #[cfg(not(broken))]
    let (map, _) = (aperture.map_local::<4096>(), PhantomData::<u8>);
    #[cfg(broken)]
    let _ = aperture;
    map
}
