// SPDX-License-Identifier: GPL-2.0
//! error: E0451
//!
//! A view is built from a pointer.

use core::marker::PhantomData;
use io_mapping_rs::{
    io::{Shared, View},
    Mapping,
};

pub fn f(mapping: &Mapping) -> View<'_, [u8], Shared> {
    #[cfg(broken)]
    let view = View {
        ptr: core::ptr::slice_from_raw_parts_mut(mapping.addr() as *mut u8, mapping.size()),
        space: Shared::default(),
        phantom: PhantomData,
    };
    #[cfg(not(broken))]
    let (view, _) = (mapping.bytes(), PhantomData::<u8>);
    view
}
