// SPDX-License-Identifier: GPL-2.0
//! error: E0382
//!
//! The proof of one flush is used for two doorbells.

use io_mapping_rs::io::{Backend, Doorbell, Shared, Wc};

pub fn f(ring: &mut Wc<'_, 0, Shared>, doorbell: &Doorbell<'_, Backend<Shared>, u32>) {
    let flushed = ring.flush();
    doorbell.ring(1, flushed);
    #[cfg(broken)]
    doorbell.ring(1, flushed);
    #[cfg(not(broken))]
    doorbell.ring(1, ring.flush());
}
