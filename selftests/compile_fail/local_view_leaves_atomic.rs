// SPDX-License-Identifier: GPL-2.0
//! error: E0521
//!
//! A view of an atomic map is kept, to be used with preemption on.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

pub fn f(aperture: &IoMapping) -> Result {
    let mut kept = None;
    aperture.map_atomic(0, |page| {
        #[cfg(broken)]
        let size = page.bytes();
        #[cfg(not(broken))]
        let size = page.size();
        kept = Some(size);
    })?;
    kept.map(drop).ok_or(EINVAL)
}
