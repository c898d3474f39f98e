// SPDX-License-Identifier: GPL-2.0

//! One access a function, for `tools/codegen.py` to disassemble.
//!
//! `expect:` says what the compiler must make of the function on the way that no error leaves. An
//! access is a move from or to memory, and each word more is another instruction that is allowed
//! beside it, as often as it stands there. `besides:` names calls that other ways may have.

#![allow(improper_ctypes_definitions, missing_docs)]

use core::arch::asm;
use io_mapping_rs::{
    io::{ByteRegion, IoExt, Local, Shared, View, Wc},
    io_mapping::{PageMap, SizedIoMapping},
    io_region::IoRegionView,
    ports::PortView,
    IoMapping,
};
use kernel::{
    io::{register, Io, Region},
    prelude::*,
};

module! {
    type: Probes,
    name: "io_mapping_probes",
    authors: ["The io-mapping-rs authors"],
    description: "what the compiler makes of io_mapping_rs",
    license: "GPL",
}

struct Probes;

impl kernel::Module for Probes {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self)
    }
}

type Registers<'a> = View<'a, Region<0x1000>, Shared>;
type Memory<'a> = View<'a, ByteRegion<0x1000>, Shared>;

register! {
    TEST(u32) @ 0x10 {
        31:16 high;
        7:0 low;
    }
}

/// Where errors go. The compiler does not see what it does, as it could do that itself.
#[no_mangle]
#[inline(never)]
#[cold]
extern "C" fn refused() -> u64 {
    let zero: u64;
    // SAFETY: A move.
    unsafe { asm!("mov $0, {0}", out(reg) zero, options(att_syntax, nostack)) };
    zero
}

macro_rules! probes {
    ($($(#[$expect:meta])* fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)? $body:block)*) => {$(
        $(#[$expect])*
        #[no_mangle]
        extern "C" fn $name($($arg: $ty),*) $(-> $ret)? $body
    )*};
}

// At constant offsets.
probes! {
    /// expect: load
    fn probe_read8(io: Registers<'_>) -> u8 {
        io.read8(0x10)
    }

    /// expect: load
    fn probe_read16(io: Registers<'_>) -> u16 {
        io.read16(0x10)
    }

    /// expect: load
    fn probe_read32(io: Registers<'_>) -> u32 {
        io.read32(0x10)
    }

    /// expect: load
    fn probe_register(io: Registers<'_>) -> u32 {
        io.read(TEST).into_raw()
    }

    /// expect: store
    fn probe_write8(io: Registers<'_>, value: u8) {
        io.write8(value, 0x10)
    }

    /// expect: store
    fn probe_write16(io: Registers<'_>, value: u16) {
        io.write16(value, 0x10)
    }

    /// expect: store
    fn probe_write32(io: Registers<'_>, value: u32) {
        io.write32(value, 0x10)
    }

    /// The value is added in a register, never in memory.
    /// expect: load add store
    fn probe_update(io: Registers<'_>) {
        io.update(0x10, |value: u32| value.wrapping_add(5))
    }

    /// Never `sete` to memory.
    /// expect: test sete store
    fn probe_write8_of_truth(io: Registers<'_>, value: u32) {
        io.write8((value == 0).into(), 0x10)
    }

    /// expect: load
    fn probe_read32_byte_region(io: Memory<'_>) -> u32 {
        io.read32(0x10)
    }

    /// expect: load
    fn probe_read64_byte_region(io: Memory<'_>) -> u64 {
        io.read64(0x10)
    }

    /// expect: store
    fn probe_write64_byte_region(io: Memory<'_>, value: u64) {
        io.write64(value, 0x10)
    }

    /// Two loads: the address is in the map.
    /// expect: load load
    fn probe_read32_page(page: &PageMap<'_>) -> u32 {
        page.read32(0x10)
    }

    /// expect: load
    fn probe_relaxed(io: Memory<'_>) -> u32 {
        io.relaxed().read32(0x10)
    }

    /// expect: load bswap
    fn probe_read32_be(io: Memory<'_>) -> u32 {
        io.read32_be(0x10)
    }

    /// expect: bswap store
    fn probe_write64_be(io: Memory<'_>, value: u64) {
        io.write64_be(value, 0x10)
    }

    /// The address is in the `Wc`.
    /// expect: load store
    fn probe_wc_write64(wc: &Wc<'_, 0x1000, Shared>, value: u64) {
        wc.write64(value, 0x10)
    }

    /// expect: sfence
    fn probe_wc_flush(wc: &mut Wc<'_, 0x1000, Shared>) {
        let _ = wc.flush();
    }
}

// At offsets known at run time.
probes! {
    /// expect: cmp branch load
    fn probe_read8_at(io: View<'_, Region, Local>, offset: usize) -> u8 {
        io.try_at(offset).map_or_else(|_| refused() as u8, |at| at.read_val())
    }

    /// The size is turned into a number of places, too.
    /// expect: rol shr cmp branch load
    fn probe_read32_at(io: View<'_, Region, Local>, offset: usize) -> u32 {
        io.try_at(offset).map_or_else(|_| refused() as u32, |at| at.read_val())
    }

    /// expect: rol shr cmp branch store
    fn probe_write32_at(io: View<'_, Region, Local>, offset: usize, value: u32) {
        match io.try_at(offset) {
            Ok(at) => at.write_val(value),
            Err(_) => drop(refused()),
        }
    }

    /// Checked once.
    /// expect: load
    fn probe_place_read32(place: View<'_, u32, Shared>) -> u32 {
        place.read_val()
    }

    /// expect: mov in
    fn probe_port_read32(place: PortView<'_, u32>) -> u32 {
        place.read_val()
    }

    /// Memory or ports: one test.
    /// expect: test branch load
    fn probe_region_read32(place: IoRegionView<'_, u32>) -> u32 {
        place.read_val()
    }
}

/// What a driver does to a page while it is mapped: nothing, but the compiler does not know.
#[inline(always)]
fn touch(addr: usize) {
    // SAFETY: No instruction at all.
    unsafe { asm!("/* {0} */", in(reg) addr, options(nostack, preserves_flags)) };
}

// Maps of an aperture that is mapped as a whole, and their ends.
probes! {
    /// The offset is checked by one test, and what was found by another.
    /// expect: test branch load add branch
    /// besides: map_slot_local release
    fn probe_map_local(aperture: &IoMapping, offset: u64) {
        match aperture.map_local(offset) {
            Ok(page) => touch(page.addr()),
            Err(_) => drop(refused()),
        }
    }

    /// The same, with what C does.
    /// expect: incq load incl test branch load add branch decl decq branch
    /// besides: map_slot_atomic release iomrs_preempt
    fn probe_map_atomic(aperture: &IoMapping, offset: u64) {
        match aperture.map_atomic(offset) {
            Ok(page) => touch(page.addr()),
            Err(_) => drop(refused()),
        }
    }

    /// The same, with room on the stack for what another way is told.
    /// expect: sub mov mov test branch load add branch add
    /// besides: map_span
    fn probe_map(aperture: &IoMapping, offset: u64) {
        match aperture.map(offset, 4096) {
            Ok(map) => touch(map.addr()),
            Err(_) => drop(refused()),
        }
    }

    /// One test, as the size is known.
    /// expect: test branch add
    fn probe_map_sized(aperture: SizedIoMapping<'_, 0x10_0000>, offset: u64) {
        match aperture.try_map_local(offset) {
            Ok(page) => touch(page.addr()),
            Err(_) => drop(refused()),
        }
    }

    /// As C, but that the address is at hand.
    /// expect: add
    fn probe_map_const(aperture: SizedIoMapping<'_, 0x10_0000>) {
        touch(aperture.map_local::<0x1000>().addr())
    }
}
