// SPDX-License-Identifier: GPL-2.0
//! error: E0599
//!
//! An integer is used as an I/O pointer.

use io_mapping_rs::Mapping;
use kernel::{io::Io, prelude::*};

pub fn f(registers: &Mapping) -> Result<u32> {
    #[cfg(broken)]
    return registers.addr().try_read32(0);
    #[cfg(not(broken))]
    return registers.try_read32(0);
}
