// SPDX-License-Identifier: GPL-2.0
//! error: E0277
//!
//! A doorbell is made in write-combining memory.

use io_mapping_rs::{io::IoExt, ioremap::WcMapping, Mapping};
use kernel::prelude::*;

pub fn f(screen: &WcMapping, registers: &Mapping) -> Result {
    #[cfg(broken)]
    (&screen.wc()).try_doorbell::<u32>(0)?;
    registers.try_doorbell::<u32>(screen.size())?;
    Ok(())
}
