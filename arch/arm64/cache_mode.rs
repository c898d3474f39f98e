// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Cache modes, and the bits of an entry that select them (C: `MT_DEVICE_nGnRE` and its like).
//!
//! | mode | memory type | C |
//! |---|---|---|
//! | write-back | Normal | `ioremap_cache()` |
//! | write-combining | Normal, not cacheable | `ioremap_wc()` |
//! | uncached-minus | Device-nGnRE | `ioremap()` |
//! | uncached | Device-nGnRnE | `ioremap_np()` |
//! | write-through | there is none: as uncached-minus | `ioremap_wt()`, which is `ioremap()` |
//!
//! No registry knows which range has which mode.
//!
//! C header: [`arch/arm64/include/asm/io.h`](srctree/arch/arm64/include/asm/io.h)

use super::bindings as c;
pub(crate) use crate::arch::generic::no_registry::{free, is_allowed, is_untracked, reserve, sync};

// The numbers of `CacheMode` in mm/cache_mode.
const WRITE_BACK: u32 = 0;
const WRITE_COMBINING: u32 = 1;
const UNCACHED_MINUS: u32 = 2;
const UNCACHED: u32 = 3;
const WRITE_THROUGH: u32 = 4;

/// Stores fault (C: `PTE_RDONLY`).
const READ_ONLY: u64 = 1 << 7;
/// Stores may clear the former (C: `PTE_WRITE`).
const WRITE: u64 = 1 << 51;
/// The bits that select the memory type (C: `PTE_ATTRINDX_MASK`).
const TYPE_BITS: u64 = 7 << 2;

fn prot_of(mode: u32) -> u64 {
    let normal = c::iomrs_prot_normal();
    match mode {
        WRITE_BACK => normal,
        WRITE_COMBINING => c::iomrs_pgprot_writecombine(normal),
        UNCACHED => c::iomrs_pgprot_noncached(normal),
        _ => c::iomrs_pgprot_device(normal),
    }
}

/// Returns the protection (C: `pgprot_t`) of a mapping of device memory: never executable.
pub(crate) fn protection(mode: u32, encrypted: bool, read_only: bool) -> u64 {
    let mut prot = prot_of(mode);
    if read_only {
        prot = prot & !WRITE | READ_ONLY;
    }
    // What is not shared with the hypervisor has no bit.
    if encrypted {
        prot
    } else {
        c::iomrs_pgprot_decrypted(prot)
    }
}

/// Returns the entry of a small page at physical address 0 with the protection `prot`. The address of
/// a page is added to it.
pub(crate) fn entry_template(prot: u64) -> u64 {
    prot
}

/// Returns the mode that the CPU has for `mode`.
pub(crate) fn effective(mode: u32) -> u32 {
    match mode {
        WRITE_THROUGH => UNCACHED_MINUS,
        mode => mode,
    }
}

/// Returns the mode that `entry` of a page of any size selects. `None` where no mode has these bits.
pub(crate) fn of_entry(entry: u64, _large: bool) -> Option<u32> {
    (WRITE_BACK..=UNCACHED).find(|&mode| prot_of(mode) & TYPE_BITS == entry & TYPE_BITS)
}
