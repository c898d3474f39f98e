// SPDX-License-Identifier: GPL-2.0
//! error: E0502
//!
//! A doorbell is rung with the proof of a flush that came before the last store.

use io_mapping_rs::io::{Backend, Doorbell, Shared, Wc};
use kernel::prelude::*;

pub fn f(ring: &mut Wc<'_, 0, Shared>, doorbell: &Doorbell<'_, Backend<Shared>, u32>) -> Result {
    #[cfg(not(broken))]
    ring.try_write32(1, 0)?;
    let flushed = ring.flush();
    #[cfg(broken)]
    ring.try_write32(1, 0)?;
    doorbell.ring(1, flushed);
    Ok(())
}
