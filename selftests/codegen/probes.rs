// SPDX-License-Identifier: GPL-2.0

//! Functions of one access each, for `tools/codegen.py` to disassemble.
//!
//! `expect:` lists the instructions that the compiler must generate for the path without an error.
//! `load` and `store` are moves from and to memory. `besides:` names functions that only other paths
//! may call. `no more than:` names a function by which the kernel crate does the like.

#![allow(improper_ctypes_definitions, missing_docs)]

use core::arch::asm;
use io_mapping_rs::{
    io::{ByteRegion, IoExt, Local, Shared, View, Wc},
    io_mapping::{LocalMap, PageMap, SizedIoMapping},
    io_region::IoRegionView,
    pci::Bar,
    ports::PortView,
    IoMapping,
};
use kernel::{
    io::{register, Io, Region},
    pci,
    prelude::*,
};

module! {
    type: Probes,
    name: "io_mapping_probes",
    authors: ["The io-mapping-rs authors"],
    description: "Functions of one access by io_mapping_rs each",
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

/// Marks the paths of errors. It is opaque to the compiler, which would inline its result otherwise.
#[no_mangle]
#[inline(never)]
#[cold]
extern "C" fn refused() -> u64 {
    let zero: u64;
    // SAFETY: The instruction moves a constant to a register.
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

// Accesses at constant offsets.
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

    /// The addition is done in a register, not in memory.
    /// expect: load add store
    fn probe_update(io: Registers<'_>) {
        io.update(0x10, |value: u32| value.wrapping_add(5))
    }

    /// `sete` does not write to memory.
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

    /// The first load is of the address, which is in the map.
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

    /// expect: load bswap
    fn probe_relaxed_be(io: Memory<'_>) -> u32 {
        io.relaxed().read32(0x10).swap_bytes()
    }

    /// expect: rol store
    fn probe_write16_be(io: Memory<'_>, value: u16) {
        io.write16_be(value, 0x10)
    }

    /// expect: bswap store
    fn probe_write32_be(io: Memory<'_>, value: u32) {
        io.write32_be(value, 0x10)
    }

    /// expect: bswap store
    fn probe_write64_be(io: Memory<'_>, value: u64) {
        io.write64_be(value, 0x10)
    }

    /// The load is of the address, which is in the `Wc`.
    /// expect: load store
    fn probe_wc_write64(wc: &Wc<'_, 0x1000, Shared>, value: u64) {
        wc.write64(value, 0x10)
    }

    /// expect: sfence
    fn probe_wc_flush(wc: &mut Wc<'_, 0x1000, Shared>) {
        let _ = wc.flush();
    }
}

// Accesses at offsets that are known at run time.
probes! {
    /// expect: cmp branch load
    fn probe_read8_at(io: View<'_, Region, Local>, offset: usize) -> u8 {
        io.try_at(offset).map_or_else(|_| refused() as u8, |at| at.read_val())
    }

    /// Both are divided by four, by a rotation that makes a misaligned offset too large.
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

    /// `cmp` and the first load read the number of words and the address of the BAR from memory.
    /// expect: rol cmp branch load load
    /// no more than: probe_kernel_bar_read32
    fn probe_bar_read32(bar: &Bar<'_>, offset: usize) -> u32 {
        bar.try_read32(offset).unwrap_or_else(|_| refused() as u32)
    }

    /// expect: rol cmp branch load store
    /// no more than: probe_kernel_bar_write32
    fn probe_bar_write32(bar: &Bar<'_>, value: u32, offset: usize) {
        if bar.try_write32(value, offset).is_err() {
            refused();
        }
    }

    fn probe_kernel_bar_read32(bar: &pci::Bar<'_>, offset: usize) -> u32 {
        bar.try_read32(offset).unwrap_or_else(|_| refused() as u32)
    }

    fn probe_kernel_bar_write32(bar: &pci::Bar<'_>, value: u32, offset: usize) {
        if bar.try_write32(value, offset).is_err() {
            refused();
        }
    }

    /// The offset was checked when the view was made.
    /// expect: load
    fn probe_checked_read32(view: View<'_, u32, Shared>) -> u32 {
        view.read_val()
    }

    /// expect: mov in
    fn probe_port_read32(view: PortView<'_, u32>) -> u32 {
        view.read_val()
    }

    /// The test is whether the region is of memory or of ports.
    /// expect: test branch load
    fn probe_region_read32(view: IoRegionView<'_, u32>) -> u32 {
        view.read_val()
    }
}

/// Stands for what a driver does to a page. It does nothing, which the compiler does not know.
#[inline(always)]
fn touch(addr: usize) {
    // SAFETY: There is no instruction.
    unsafe { asm!("/* {0} */", in(reg) addr, options(nostack, preserves_flags)) };
}

/// As [`touch`], to a value that has been read.
#[inline(always)]
fn touch32(value: u32) {
    // SAFETY: There is no instruction.
    unsafe { asm!("/* {0:e} */", in(reg) value, options(nostack, preserves_flags)) };
}

// Maps of an aperture that is mapped whole, and their ends.
probes! {
    /// One test checks the offset, and a second whether the page needs a slot.
    /// expect: test branch add branch
    /// besides: map_slot_local release
    fn probe_map_local(aperture: &IoMapping, offset: u64) {
        match aperture.map_local(offset) {
            Ok(page) => touch(page.addr()),
            Err(_) => drop(refused()),
        }
    }

    /// As `probe_map_local`, with a load. Whether the page has a slot is tested at its end, as it may
    /// have been moved by then.
    /// expect: test branch add branch xor load test branch
    /// besides: map_slot_local release
    fn probe_map_local_read32(aperture: &IoMapping, offset: u64) {
        match aperture.map_local(offset) {
            Ok(page) => match page.try_read32(0) {
                Ok(value) => touch32(value),
                Err(_) => drop(refused()),
            },
            Err(_) => drop(refused()),
        }
    }

    /// The closure is compiled once more for a page that has no slot.
    /// expect: test branch add branch load
    /// besides: map_slot_local release
    fn probe_with_local_read32(aperture: &IoMapping, offset: u64) -> u32 {
        let read = |page: &LocalMap<'_>| page.try_read32(0).unwrap_or_else(|_| refused() as u32);
        aperture.with_local(offset, read).unwrap_or_else(|_| refused() as u32)
    }

    /// As `probe_map_local`, with the side effects that C has.
    /// expect: incq load incl test branch add branch decl decq branch
    /// besides: map_slot_atomic release iomrs_preempt
    fn probe_map_atomic(aperture: &IoMapping, offset: u64) {
        if aperture.map_atomic(offset, |page| touch(page.addr())).is_err() {
            drop(refused());
        }
    }

    /// As `probe_map_local`, with arguments of another path on the stack.
    /// expect: mov mov test branch add branch
    /// besides: map_span
    fn probe_map(aperture: &IoMapping, offset: u64) {
        match aperture.map(offset, 4096) {
            Ok(map) => touch(map.addr()),
            Err(_) => drop(refused()),
        }
    }

    /// One test checks the offset, as the size is constant.
    /// expect: test branch add
    fn probe_map_sized(aperture: SizedIoMapping<'_, 0x10_0000>, offset: u64) {
        match aperture.try_map_local(offset) {
            Ok(page) => touch(page.addr()),
            Err(_) => drop(refused()),
        }
    }

    /// As in C, but without the load of the address.
    /// expect: add
    fn probe_map_const(aperture: SizedIoMapping<'_, 0x10_0000>) {
        touch(aperture.map_local::<0x1000>().addr())
    }
}
