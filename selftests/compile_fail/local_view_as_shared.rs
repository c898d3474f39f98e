// SPDX-License-Identifier: GPL-2.0
//! error: E0308
//!
//! A view of a map of one task is passed on as one that any task may use.

use io_mapping_rs::{
    io::{Shared, View},
    IoMapping,
};
use kernel::prelude::*;

fn any_task(_: View<'_, [u8], Shared>) {}

pub fn f(aperture: &IoMapping) -> Result {
    #[cfg(broken)]
    let map = aperture.map_local(0)?;
    #[cfg(not(broken))]
    let map = aperture.map(0, 4096)?;
    any_task(map.bytes());
    Ok(())
}
