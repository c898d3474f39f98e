// SPDX-License-Identifier: GPL-2.0
//! error: E0277
//!
//! A local map of a whole page is sent to another task.

use io_mapping_rs::io_mapping::{PageMap, SizedIoMapping};

#[cfg(broken)]
fn send<T: Send>(_: T) {}
#[cfg(not(broken))]
fn send(_: PageMap<'_>) {}

pub fn f(aperture: SizedIoMapping<'_, 4096>) {
    send(aperture.map_local::<0>());
}
