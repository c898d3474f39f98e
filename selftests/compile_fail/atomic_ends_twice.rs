// SPDX-License-Identifier: GPL-2.0
//! error: E0382
//!
//! An atomic map is dropped twice, which would turn preemption on too early.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(aperture: &IoMapping) -> Result {
    let page = aperture.map_atomic(0)?;
    drop(page);
    #[cfg(broken)]
    drop(page);
    Ok(())
}
