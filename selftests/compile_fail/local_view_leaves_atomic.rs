// SPDX-License-Identifier: GPL-2.0
//! error: E0507
//!
//! The map inside an atomic map is moved out of it, to be used with preemption on.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(aperture: &IoMapping) -> Result<usize> {
    let atomic = aperture.map_atomic(0)?;
    #[cfg(broken)]
    let page = *atomic;
    #[cfg(not(broken))]
    let page = &*atomic;
    Ok(page.addr())
}
