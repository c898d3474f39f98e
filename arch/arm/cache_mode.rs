// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Cache modes, and the bits of an entry that select them (C: `MT_DEVICE` and its like).
//!
//! | mode | memory type | C |
//! |---|---|---|
//! | write-back | Normal | `ioremap_cache()` |
//! | write-combining | Normal, not cacheable | `ioremap_wc()` |
//! | uncached-minus | Device | `ioremap()` |
//! | uncached | Strongly-ordered | `pci_remap_cfgspace()` |
//! | write-through | there is none: as write-combining | `ioremap_wt()`, which is `ioremap_wc()` |
//!
//! No registry knows which range has which mode.
//!
//! C: `mem_types` in [`arch/arm/mm/mmu.c`](srctree/arch/arm/mm/mmu.c)

use super::{bindings as c, page_table};
pub(crate) use crate::arch::generic::no_registry::{
    free, is_allowed, is_untracked, reserve, sync, ReservedRange,
};

// The numbers of `CacheMode` in mm/cache_mode.
const WRITE_BACK: u32 = 0;
const WRITE_COMBINING: u32 = 1;
const UNCACHED_MINUS: u32 = 2;
const UNCACHED: u32 = 3;
const WRITE_THROUGH: u32 = 4;

/// Returns the protection of C's mapping of device memory with this mode.
fn prot_of(mode: u32) -> u64 {
    match mode {
        WRITE_BACK => c::iomrs_prot_device_cached(),
        WRITE_COMBINING | WRITE_THROUGH => c::iomrs_prot_device_wc(),
        UNCACHED => c::iomrs_prot_uncached(),
        _ => c::iomrs_prot_device(),
    }
}

/// Returns the protection (C: `pgprot_t`) of a mapping of device memory: never executable.
pub(crate) fn protection(mode: u32, _encrypted: bool, read_only: bool) -> u64 {
    let read_only = if read_only { c::iomrs_pte_rdonly() } else { 0 };
    prot_of(mode) | read_only
}

/// Returns the entry of a small page at physical address 0 with the protection `prot`. The address of
/// a page is added to it.
pub(crate) fn entry_template(prot: u64) -> u64 {
    page_table::template(prot)
}

/// Returns the mode that the CPU has for `mode`.
pub(crate) fn effective(mode: u32) -> u32 {
    match mode {
        WRITE_THROUGH => WRITE_COMBINING,
        mode => mode,
    }
}

/// Returns the mode that `entry` selects. `None` where no mode has these bits.
pub(crate) fn of_entry(entry: u64, _large: bool) -> Option<u32> {
    let type_bits = c::iomrs_pte_mt_mask();
    (WRITE_BACK..=UNCACHED).find(|&mode| prot_of(mode) & type_bits == entry & type_bits)
}
