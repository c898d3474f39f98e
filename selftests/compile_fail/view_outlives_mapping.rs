// SPDX-License-Identifier: GPL-2.0
//! error: E0505
//!
//! A view of a mapping is used after the mapping has been unmapped.

use io_mapping_rs::Mapping;
use kernel::{io::Io, prelude::*};

pub fn f(mapping: Mapping) -> Result<u32> {
    let regs = mapping.sized::<16>()?;
    #[cfg(broken)]
    drop(mapping);
    Ok(regs.read32(12))
}
