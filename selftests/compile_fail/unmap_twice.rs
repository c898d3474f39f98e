// SPDX-License-Identifier: GPL-2.0
//! error: E0382
//!
//! A mapping is unmapped twice.

use io_mapping_rs::Mapping;

pub fn f(mapping: Mapping) {
    drop(mapping);
    #[cfg(broken)]
    drop(mapping);
}
