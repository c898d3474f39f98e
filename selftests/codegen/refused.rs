// SPDX-License-Identifier: GPL-2.0

//! Constant offsets that the build must refuse. In each function the compiler leaves a call of a
//! function that no kernel has, so that modpost refuses the module.

#![allow(improper_ctypes_definitions, missing_docs)]

use io_mapping_rs::io::{ByteRegion, IoExt, Shared, View, Wc};
use kernel::{
    io::{Io, Region},
    prelude::*,
};

module! {
    type: Refused,
    name: "io_mapping_refused",
    authors: ["The io-mapping-rs authors"],
    description: "Accesses of io_mapping_rs that must not build",
    license: "GPL",
}

struct Refused;

impl kernel::Module for Refused {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self)
    }
}

#[no_mangle]
extern "C" fn refused_region_past_the_end(io: View<'_, Region<0x1000>, Shared>) -> u32 {
    io.read32(0x1000)
}

#[no_mangle]
extern "C" fn refused_region_misaligned(io: View<'_, Region<0x1000>, Shared>) -> u32 {
    io.read32(0x12)
}

#[no_mangle]
extern "C" fn refused_region_of_unknown_size(io: View<'_, Region, Shared>, value: u8) {
    io.write8(value, 0)
}

#[no_mangle]
extern "C" fn refused_byte_region_across_the_end(io: View<'_, ByteRegion<0x1001>, Shared>) -> u64 {
    io.read64(0x1000)
}

#[no_mangle]
extern "C" fn refused_byte_region_wrapping(io: View<'_, ByteRegion<0x1000>, Shared>) -> u64 {
    io.read64(usize::MAX - 7)
}

#[no_mangle]
extern "C" fn refused_wc(wc: &Wc<'_, 0x1000, Shared>, value: u32) {
    wc.write32(value, 0xffe)
}

#[no_mangle]
extern "C" fn refused_big_endian(io: View<'_, ByteRegion<0x1000>, Shared>) -> u32 {
    io.read32_be(0x1000)
}

#[no_mangle]
extern "C" fn refused_string(io: View<'_, ByteRegion<0x1000>, Shared>, data: &mut [u32; 4]) {
    io.read_rep(0x1000, data)
}

#[no_mangle]
extern "C" fn refused_string_misaligned(io: View<'_, ByteRegion<0x1000>, Shared>, data: &[u16; 4]) {
    io.write_rep(0x11, data)
}

#[no_mangle]
extern "C" fn refused_string_wrapping(io: View<'_, ByteRegion<0x1000>, Shared>, data: &[u8; 4]) {
    io.write_rep(usize::MAX, data)
}
