// SPDX-License-Identifier: GPL-2.0
//! error: E0599
//!
//! A mapping gets a second owner.

use io_mapping_rs::Mapping;

pub fn f(mapping: &Mapping) -> usize {
    #[cfg(broken)]
    let mapping = (*mapping).clone();
    mapping.addr()
}
