// SPDX-License-Identifier: GPL-2.0
//! error: E0505
//!
//! A view of a map is used after the map has ended.

use io_mapping_rs::IoMapping;
use kernel::{io::Io, prelude::*};

pub fn f(aperture: &IoMapping, data: &mut [u8]) -> Result {
    let page = aperture.map_local(0)?;
    let bytes = page.bytes();
    #[cfg(broken)]
    drop(page);
    bytes.copy_to_slice(data);
    Ok(())
}
