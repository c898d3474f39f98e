// SPDX-License-Identifier: GPL-2.0
//! error: E0505
//!
//! The outer one of two nested maps is unmapped first.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(aperture: &IoMapping) -> Result<usize> {
    let outer = aperture.map_local(0)?;
    let inner = outer.map_local(4096)?;
    #[cfg(broken)]
    drop(outer);
    let addr = inner.addr();
    drop(inner);
    #[cfg(not(broken))]
    drop(outer);
    Ok(addr)
}
