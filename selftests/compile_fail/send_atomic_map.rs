// SPDX-License-Identifier: GPL-2.0
//! error: E0277
//!
//! An atomic map is sent to another task, where its drop would turn preemption on.

use io_mapping_rs::io_mapping::{AtomicMap, Map};

fn is_send<T: Send>(_: T) {}

#[cfg(broken)]
pub fn f(map: AtomicMap<'_>) {
    is_send(map)
}

#[cfg(not(broken))]
pub fn f(map: Map<'_>) {
    is_send(map)
}
