// SPDX-License-Identifier: GPL-2.0
//! error: E0277
//!
//! Ports are read with a relaxed access, which they do not have.

use io_mapping_rs::{io::IoExt, Mapping, Ports};
use kernel::{io::Io, prelude::*};

#[cfg(broken)]
type Space = Ports;
#[cfg(not(broken))]
type Space = Mapping;

pub fn f(space: &Space) -> Result<u32> {
    space.relaxed().try_read32(0)
}
