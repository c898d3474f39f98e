// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Accesses of memory and ports: single values, strings of values, blocks.

use super::workload::{RustSide, Sides, Workload};
use crate::harness::{
    c,
    fixture::{Target, PAGE},
    kernel_crate::accesses as kernel_crate,
    ours::accesses,
};
use Sides::Loop;

/// A value of 32 bits in memory; 1000 of them in a batch.
const MEMORY: Workload = Workload {
    target: Target::Memory,
    sizes: &[4],
    rounds: 4000,
    offset_bound: PAGE,
    irqs_off: true,
    transfers: true,
    ..Workload::BASE
};

/// The same of ports, always the first one.
const PORTS: Workload = Workload {
    target: Target::Ports,
    offset_bound: 4,
    ..MEMORY
};

/// A block of memory.
const COPY: Workload = Workload {
    sizes: &[64, 4 << 10, 64 << 10, 1 << 20],
    rounds: 64 << 10,
    offset_bound: 64,
    irqs_off: false,
    ..MEMORY
};

/// A string of values at one register.
const STRING: Workload = Workload {
    rounds: 4096,
    offset_bound: 4,
    ..MEMORY
};

pub(super) static SINGLE: &[Workload] = &[
    Workload {
        name: "read32_const",
        about: "load 32 bits at an offset that the compiler knows",
        c_calls: "readl",
        sides: Loop(c::iomrs_b_readl_const, accesses::read_const),
        kernel_crate: Some(RustSide::Loop(kernel_crate::read_const)),
        ..MEMORY
    },
    Workload {
        name: "write32_const",
        about: "store 32 bits at an offset that the compiler knows",
        c_calls: "writel",
        sides: Loop(c::iomrs_b_writel_const, accesses::write_const),
        kernel_crate: Some(RustSide::Loop(kernel_crate::write_const)),
        ..MEMORY
    },
    Workload {
        name: "read32",
        about: "load 32 bits at an offset known at run time only (IoExt::try_at)",
        c_calls: "readl",
        sides: Loop(c::iomrs_b_readl, accesses::read_at),
        kernel_crate: Some(RustSide::Loop(kernel_crate::try_read)),
        ..MEMORY
    },
    Workload {
        name: "write32",
        about: "store 32 bits at an offset known at run time only (IoExt::try_at)",
        c_calls: "writel",
        sides: Loop(c::iomrs_b_writel, accesses::write_at),
        kernel_crate: Some(RustSide::Loop(kernel_crate::try_write)),
        ..MEMORY
    },
    Workload {
        name: "try_read32",
        about: "read32 by try_read32()",
        c_calls: "readl",
        sides: Loop(c::iomrs_b_readl, accesses::try_read),
        kernel_crate: Some(RustSide::Loop(kernel_crate::try_read)),
        ..MEMORY
    },
    Workload {
        name: "try_write32",
        about: "write32 by try_write32()",
        c_calls: "writel",
        sides: Loop(c::iomrs_b_writel, accesses::try_write),
        kernel_crate: Some(RustSide::Loop(kernel_crate::try_write)),
        ..MEMORY
    },
    Workload {
        name: "revocable_read32",
        about: "try_read32 of a BAR that its device may take back (Devres); C has no such thing",
        target: Target::Revocable,
        c_calls: "readl",
        sides: Loop(c::iomrs_b_readl, accesses::revocable_read),
        kernel_crate: Some(RustSide::Loop(kernel_crate::revocable_read)),
        ..MEMORY
    },
    Workload {
        name: "region_read32",
        about: "load 32 bits from an IoRegion, which here is memory",
        c_calls: "ioread32",
        sides: Loop(c::iomrs_b_ioread32, accesses::region_read_at),
        ..MEMORY
    },
    Workload {
        name: "region_write32",
        about: "store 32 bits to an IoRegion, which here is memory",
        c_calls: "iowrite32",
        sides: Loop(c::iomrs_b_iowrite32, accesses::region_write_at),
        ..MEMORY
    },
    Workload {
        name: "copy_to",
        about: "copy a block to the memory of a device",
        c_calls: "memcpy_toio",
        sides: Loop(c::iomrs_b_copy_to, accesses::copy_to),
        kernel_crate: Some(RustSide::Loop(kernel_crate::copy_to)),
        ..COPY
    },
    Workload {
        name: "copy_from",
        about: "copy a block from the memory of a device",
        c_calls: "memcpy_fromio",
        sides: Loop(c::iomrs_b_copy_from, accesses::copy_from),
        kernel_crate: Some(RustSide::Loop(kernel_crate::copy_from)),
        ..COPY
    },
    Workload {
        name: "ports_read32",
        about: "load 32 bits from an IoRegion, which here is ports",
        c_calls: "ioread32",
        sides: Loop(c::iomrs_b_ioread32, accesses::region_read_at),
        ..PORTS
    },
    Workload {
        name: "ports_write32",
        about: "store 32 bits to an IoRegion, which here is ports",
        c_calls: "iowrite32",
        sides: Loop(c::iomrs_b_iowrite32, accesses::region_write_at),
        ..PORTS
    },
];

/// Sizes of 1, 16 and 64 values.
const BYTES: &[u64] = &[1, 16, 64];
const WORDS: &[u64] = &[2, 32, 128];
const LONGS: &[u64] = &[4, 64, 256];

/// Reads and writes strings of values of one width, in memory or ports.
macro_rules! strings {
    ($($target:ident, $ty:ty, $sizes:expr,
       $read:literal $c_read:ident $read_calls:literal,
       $write:literal $c_write:ident $write_calls:literal;)*) => {
        [$(
            Workload {
                name: $read,
                about: "read a string of values from one register",
                c_calls: $read_calls,
                target: Target::$target,
                sides: Loop(c::$c_read, accesses::read_rep::<$ty>),
                sizes: $sizes,
                ..STRING
            },
            Workload {
                name: $write,
                about: "write a string of values to one register",
                c_calls: $write_calls,
                target: Target::$target,
                sides: Loop(c::$c_write, accesses::write_rep::<$ty>),
                sizes: $sizes,
                ..STRING
            },
        )*]
    };
}

pub(super) static STRINGS: &[Workload] = &strings! {
    Memory, u8, BYTES,
        "read_rep8" iomrs_b_read8_rep "ioread8_rep",
        "write_rep8" iomrs_b_write8_rep "iowrite8_rep";
    Memory, u16, WORDS,
        "read_rep16" iomrs_b_read16_rep "ioread16_rep",
        "write_rep16" iomrs_b_write16_rep "iowrite16_rep";
    Memory, u32, LONGS,
        "read_rep32" iomrs_b_read32_rep "ioread32_rep",
        "write_rep32" iomrs_b_write32_rep "iowrite32_rep";
    Ports, u8, BYTES,
        "ports_read_rep8" iomrs_b_read8_rep "ioread8_rep",
        "ports_write_rep8" iomrs_b_write8_rep "iowrite8_rep";
    Ports, u16, WORDS,
        "ports_read_rep16" iomrs_b_read16_rep "ioread16_rep",
        "ports_write_rep16" iomrs_b_write16_rep "iowrite16_rep";
    Ports, u32, LONGS,
        "ports_read_rep32" iomrs_b_read32_rep "ioread32_rep",
        "ports_write_rep32" iomrs_b_write32_rep "iowrite32_rep";
};
