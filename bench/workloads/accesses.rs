// SPDX-License-Identifier: GPL-2.0

//! Accesses of memory and ports, one by one, as strings and as block copies.

use super::{Sides, Target, Workload};
use crate::{
    c,
    fixture::{Fixture, PAGE},
    ours::accesses,
};
use kernel::prelude::*;

type Ours = fn(&Fixture<'_>, &mut [u8]) -> Result<u64>;

/// One value of 32 bits, a thousand times.
const fn one(
    name: &'static str,
    about: &'static str,
    call: &'static str,
    c: c::TimedLoop,
    ours: Ours,
) -> Workload {
    Workload {
        name,
        about,
        target: Target::Memory,
        sizes: &[4],
        sides: Sides::Loop { c, ours },
        call,
        rounds: 4000,
        offset_bound: PAGE,
        irqs_off: true,
        transfers: true,
        ..Workload::PLAIN
    }
}

/// The same of ports: always the first one.
const fn port(
    name: &'static str,
    about: &'static str,
    call: &'static str,
    c: c::TimedLoop,
    ours: Ours,
) -> Workload {
    Workload {
        target: Target::Ports,
        offset_bound: 4,
        ..one(name, about, call, c, ours)
    }
}

const fn copy(
    name: &'static str,
    about: &'static str,
    call: &'static str,
    c: c::TimedLoop,
    ours: Ours,
) -> Workload {
    Workload {
        sizes: &[64, 4 << 10, 64 << 10, 1 << 20],
        rounds: 64 << 10,
        offset_bound: 64,
        irqs_off: false,
        ..one(name, about, call, c, ours)
    }
}

/// A string of 1, 16 and 64 values from or to one register.
const fn string(
    (name, call): (&'static str, &'static str),
    target: Target,
    sizes: &'static [u64],
    c: c::TimedLoop,
    ours: Ours,
) -> Workload {
    Workload {
        target,
        sizes,
        rounds: 4096,
        offset_bound: 4,
        ..one(
            name,
            "strings of values from or to one register",
            call,
            c,
            ours,
        )
    }
}

const BYTES: &[u64] = &[1, 16, 64];
const WORDS: &[u64] = &[2, 32, 128];
const LONGS: &[u64] = &[4, 64, 256];

/// Strings of each width, from and to memory or ports.
macro_rules! strings {
    ($($target:ident, $ty:ty, $sizes:expr, $read:ident $write:ident, $c_read:ident $c_write:ident,
       $read_call:literal $write_call:literal;)*) => {
        [$(
            string(
                (stringify!($read), $read_call), Target::$target, $sizes,
                c::$c_read, accesses::read_rep::<$ty>,
            ),
            string(
                (stringify!($write), $write_call), Target::$target, $sizes,
                c::$c_write, accesses::write_rep::<$ty>,
            ),
        )*]
    };
}

pub(super) static STRINGS: &[Workload] = &strings! {
    Memory, u8, BYTES, read_rep8 write_rep8,
        iomrs_b_read8_rep iomrs_b_write8_rep, "ioread8_rep" "iowrite8_rep";
    Memory, u16, WORDS, read_rep16 write_rep16,
        iomrs_b_read16_rep iomrs_b_write16_rep, "ioread16_rep" "iowrite16_rep";
    Memory, u32, LONGS, read_rep32 write_rep32,
        iomrs_b_read32_rep iomrs_b_write32_rep, "ioread32_rep" "iowrite32_rep";
    Ports, u8, BYTES, ports_read_rep8 ports_write_rep8,
        iomrs_b_read8_rep iomrs_b_write8_rep, "ioread8_rep" "iowrite8_rep";
    Ports, u16, WORDS, ports_read_rep16 ports_write_rep16,
        iomrs_b_read16_rep iomrs_b_write16_rep, "ioread16_rep" "iowrite16_rep";
    Ports, u32, LONGS, ports_read_rep32 ports_write_rep32,
        iomrs_b_read32_rep iomrs_b_write32_rep, "ioread32_rep" "iowrite32_rep";
};

pub(super) static SINGLE: &[Workload] = &[
    one(
        "read32_const",
        "a load at an offset that the compiler knows",
        "readl",
        c::iomrs_b_readl_const,
        accesses::read_const,
    ),
    one(
        "write32_const",
        "a store at an offset that the compiler knows",
        "writel",
        c::iomrs_b_writel_const,
        accesses::write_const,
    ),
    one(
        "read32",
        "a load at an offset known at run time (IoExt::try_at)",
        "readl",
        c::iomrs_b_readl,
        accesses::read_at,
    ),
    one(
        "write32",
        "a store at an offset known at run time (IoExt::try_at)",
        "writel",
        c::iomrs_b_writel,
        accesses::write_at,
    ),
    one(
        "try_read32",
        "the same load by the kernel crate's Io::try_read32",
        "readl",
        c::iomrs_b_readl,
        accesses::try_read,
    ),
    one(
        "try_write32",
        "the same store by the kernel crate's Io::try_write32",
        "writel",
        c::iomrs_b_writel,
        accesses::try_write,
    ),
    one(
        "region_read32",
        "a load of a region of memory or ports: of memory",
        "ioread32",
        c::iomrs_b_ioread32,
        accesses::region_read_at,
    ),
    one(
        "region_write32",
        "a store to a region of memory or ports: to memory",
        "iowrite32",
        c::iomrs_b_iowrite32,
        accesses::region_write_at,
    ),
    copy(
        "copy_to",
        "a block copy to memory of the device",
        "memcpy_toio",
        c::iomrs_b_copy_to,
        accesses::copy_to,
    ),
    copy(
        "copy_from",
        "a block copy from memory of the device",
        "memcpy_fromio",
        c::iomrs_b_copy_from,
        accesses::copy_from,
    ),
    port(
        "ports_read32",
        "a load of a region of memory or ports: of ports",
        "ioread32",
        c::iomrs_b_ioread32,
        accesses::region_read_at,
    ),
    port(
        "ports_write32",
        "a store to a region of memory or ports: to ports",
        "iowrite32",
        c::iomrs_b_iowrite32,
        accesses::region_write_at,
    ),
];
