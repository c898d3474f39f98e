// SPDX-License-Identifier: GPL-2.0
//! error: E0505
//!
//! The entries of a mapping are read after it has been unmapped.

use io_mapping_rs::Mapping;

pub fn f(mapping: Mapping) -> usize {
    let entries = mapping.entries();
    #[cfg(broken)]
    drop(mapping);
    entries.count()
}
