// SPDX-License-Identifier: GPL-2.0
//! error: E0599
//!
//! A view, which has stores, is made of a read-only mapping.

use io_mapping_rs::{ioremap::ReadOnlyMapping, Mapping};

#[cfg(broken)]
pub fn f(mapping: &ReadOnlyMapping) -> usize {
    mapping.bytes().addr()
}

#[cfg(not(broken))]
pub fn f(mapping: &Mapping) -> usize {
    mapping.bytes().addr()
}

pub fn addr(mapping: &ReadOnlyMapping) -> usize {
    mapping.addr()
}
