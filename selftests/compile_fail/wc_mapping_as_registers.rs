// SPDX-License-Identifier: GPL-2.0
//! error: E0277
//!
//! A write-combining mapping is used as a view for registers.

use io_mapping_rs::{ioremap::WcMapping, Mapping};
use kernel::{io::Io, prelude::*};

#[cfg(broken)]
type Memory = WcMapping;
#[cfg(not(broken))]
type Memory = Mapping;

pub fn f(memory: &Memory) -> Result<u32> {
    Io::try_read32(memory, 0)
}
