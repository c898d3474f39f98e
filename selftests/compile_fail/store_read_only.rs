// SPDX-License-Identifier: GPL-2.0
//! error: E0599
//!
//! A store goes through a read-only mapping.

use io_mapping_rs::{ioremap::ReadOnlyMapping, Mapping};
use kernel::{io::Io, prelude::*};

#[cfg(broken)]
pub fn f(mapping: &ReadOnlyMapping) -> Result {
    mapping.try_write32(0, 0)
}

#[cfg(not(broken))]
pub fn f(mapping: &Mapping) -> Result {
    mapping.try_write32(0, 0)
}

pub fn load(mapping: &ReadOnlyMapping) -> Result<u32> {
    mapping.try_read::<u32>(0)
}
