// SPDX-License-Identifier: GPL-2.0

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

use super::bindings as c;
use kernel::prelude::*;

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
    prot
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

/// Whether the registry leaves the range out: there is none.
#[inline(always)]
pub(crate) fn is_untracked(_start: u64, _end: u64) -> bool {
    false
}

/// Whether a mapping that asked for `requested` may have `achieved`, the mode of a mapping that is there: not
/// one that is more strongly cached.
pub(crate) fn is_allowed(_start: u64, _size: u64, requested: u32, achieved: u32) -> bool {
    achieved != WRITE_BACK || requested == WRITE_BACK
}

/// Returns `requested`: there is no registry.
///
/// # Errors
///
/// None.
#[inline(always)]
pub(crate) fn reserve(_start: u64, _end: u64, requested: u32) -> Result<u32> {
    Ok(requested)
}

/// Nothing.
///
/// # Safety
///
/// None. As where there is a registry.
#[inline(always)]
pub(crate) unsafe fn free(_start: u64, _end: u64, _requested: u32) {}

/// Nothing: memory of a device is not in the kernel's own mapping.
///
/// # Errors
///
/// None.
///
/// # Safety
///
/// None. As where there is a registry.
#[inline(always)]
pub(crate) unsafe fn sync(_start: u64, _size: u64, _mode: u32) -> Result {
    Ok(())
}
