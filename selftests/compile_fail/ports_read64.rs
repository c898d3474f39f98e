// SPDX-License-Identifier: GPL-2.0
//! error: E0277
//!
//! 64 bits are read from ports without saying which half is first: a port has at most 32 bits.

use io_mapping_rs::{io::IoExt, Ports};
use kernel::{io::Io, prelude::*};

pub fn f(ports: &Ports) -> Result<u64> {
    #[cfg(broken)]
    return ports.try_read64(0);
    #[cfg(not(broken))]
    return ports.try_read64_lo_hi(Io::size(ports));
}
