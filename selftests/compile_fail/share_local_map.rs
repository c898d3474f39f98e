// SPDX-License-Identifier: GPL-2.0
//! error: E0277
//!
//! A map of one task is shared with another.

use io_mapping_rs::io_mapping::{LocalMap, Map};

fn is_sync<T: Sync>(_: &T) {}

#[cfg(broken)]
pub fn f(map: &LocalMap<'_>) {
    is_sync(map)
}

#[cfg(not(broken))]
pub fn f(map: &Map<'_>) {
    is_sync(map)
}
