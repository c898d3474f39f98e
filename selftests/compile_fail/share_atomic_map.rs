// SPDX-License-Identifier: GPL-2.0
//! error: E0277
//!
//! An atomic map is shared with another task.

use io_mapping_rs::io_mapping::{AtomicMap, Map};

fn is_sync<T: Sync>(_: &T) {}

#[cfg(broken)]
pub fn f(map: &AtomicMap<'_>) {
    is_sync(map)
}

#[cfg(not(broken))]
pub fn f(map: &Map<'_>) {
    is_sync(map)
}
