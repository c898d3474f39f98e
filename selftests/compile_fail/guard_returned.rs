// SPDX-License-Identifier: GPL-2.0
//! error: E0515
//!
//! A function returns a map of an aperture that it frees.

use io_mapping_rs::{io_mapping::Map, IoMapping};
use kernel::prelude::*;

#[cfg(broken)]
pub fn f<'a>(make: impl Fn() -> Result<IoMapping>) -> Result<Map<'a>> {
    let aperture = make()?;
    aperture.map(0, 64)
}

#[cfg(not(broken))]
pub fn f(aperture: &IoMapping) -> Result<Map<'_>> {
    aperture.map(0, 64)
}
