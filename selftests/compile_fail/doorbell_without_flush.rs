// SPDX-License-Identifier: GPL-2.0
//! error: E0061
//!
//! A doorbell is rung without the proof that the stores before it were flushed.

use io_mapping_rs::io::{Backend, Doorbell, Shared, Wc};
use kernel::prelude::*;

pub fn f(ring: &mut Wc<'_, 0, Shared>, doorbell: &Doorbell<'_, Backend<Shared>, u32>) -> Result {
    ring.try_write32(1, 0)?;
    #[cfg(broken)]
    doorbell.ring(1);
    #[cfg(not(broken))]
    doorbell.ring(1, ring.flush());
    Ok(())
}
