// SPDX-License-Identifier: GPL-2.0
//! error: E0507
//!
//! The map of an atomic section is moved out of it, and would end twice.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(aperture: &IoMapping) -> Result<usize> {
    aperture.map_atomic(0, |page| {
        #[cfg(broken)]
        let page = *page;
        page.addr()
    })
}
