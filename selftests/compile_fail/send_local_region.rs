// SPDX-License-Identifier: GPL-2.0
//! error: E0277
//!
//! A view of known size, of a map of one task, is sent to another task.

use io_mapping_rs::IoMapping;
use kernel::prelude::*;

fn is_send<T: Send>(_: T) {}

pub fn f(aperture: &IoMapping) -> Result {
    #[cfg(broken)]
    let map = aperture.map_local(0)?;
    #[cfg(not(broken))]
    let map = aperture.map(0, 4096)?;
    is_send(map.sized::<64>()?);
    Ok(())
}
