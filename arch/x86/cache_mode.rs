// SPDX-License-Identifier: GPL-2.0

//! Cache modes (C: `enum page_cache_mode`, by number), the bits of an entry that select them, and
//! the kernel's registry of which range has which.
//!
//! C header: [`arch/x86/include/asm/memtype.h`](srctree/arch/x86/include/asm/memtype.h)

use super::bindings as c;
use core::ffi::c_int;
use kernel::{
    bindings::{
        _PAGE_BIT_DIRTY, _PAGE_BIT_NX, _PAGE_BIT_PAT, _PAGE_BIT_PAT_LARGE, _PAGE_BIT_PCD,
        _PAGE_BIT_PWT, _PAGE_BIT_RW,
    },
    prelude::*,
};

// The numbers of `CacheMode` in mm/cache_mode.
const _: () = assert!(c::page_cache_mode__PAGE_CACHE_MODE_WB == 0);
const _: () = assert!(c::page_cache_mode__PAGE_CACHE_MODE_WC == 1);
const _: () = assert!(c::page_cache_mode__PAGE_CACHE_MODE_UC_MINUS == 2);
const _: () = assert!(c::page_cache_mode__PAGE_CACHE_MODE_UC == 3);
const _: () = assert!(c::page_cache_mode__PAGE_CACHE_MODE_WT == 4);

/// The bits of a small page's entry that select its cache mode (C: `_PAGE_CACHE_MASK`).
const CACHE_BITS: u64 = 1 << _PAGE_BIT_PWT | 1 << _PAGE_BIT_PCD | 1 << _PAGE_BIT_PAT;

fn bits_of(mode: u32) -> u64 {
    // SAFETY: Any number may be asked for that is a cache mode's, as our callers' are.
    unsafe { c::cachemode2protval(mode) as u64 }
}

/// Returns the protection (C: `pgprot_t`) of a mapping of device memory: never executable.
pub(crate) fn protection(mode: u32, encrypted: bool, read_only: bool) -> u64 {
    let mut prot = c::iomrs_page_kernel_io();
    if read_only {
        prot &= !(1 << _PAGE_BIT_RW | 1 << _PAGE_BIT_DIRTY);
    }
    // cc_mkenc() is not exported. It sets AMD's bit; elsewhere what is not decrypted is encrypted.
    prot = if encrypted {
        c::iomrs_sme_set(prot)
    } else {
        c::iomrs_pgprot_decrypted(prot)
    };
    prot | 1 << _PAGE_BIT_NX | bits_of(mode)
}

/// Returns the entry of a small page at physical address 0 with the protection `prot`. The address of
/// a page is added to it.
pub(crate) fn entry_template(prot: u64) -> u64 {
    c::iomrs_pte_template(prot)
}

/// Returns the mode that the CPU has for `mode`: without PAT there are no bits for every one, and
/// uncached-minus takes the place of those that have none.
pub(crate) fn effective(mode: u32) -> u32 {
    const UC_MINUS: u32 = c::page_cache_mode__PAGE_CACHE_MODE_UC_MINUS;
    // SAFETY: It may be called anywhere.
    if unsafe { c::pat_enabled() } {
        return mode;
    }
    match mode {
        c::page_cache_mode__PAGE_CACHE_MODE_WC | c::page_cache_mode__PAGE_CACHE_MODE_WT
            if bits_of(mode) == bits_of(UC_MINUS) =>
        {
            UC_MINUS
        }
        _ => mode,
    }
}

/// Returns the mode that `entry` of a page selects, which is larger than a small page where `large`
/// says so. `None` where no mode has these bits.
pub(crate) fn of_entry(entry: u64, large: bool) -> Option<u32> {
    let bits = if large {
        let pat = entry >> _PAGE_BIT_PAT_LARGE & 1;
        entry & !(1 << _PAGE_BIT_PAT) | pat << _PAGE_BIT_PAT
    } else {
        entry
    };
    (0..c::page_cache_mode__PAGE_CACHE_MODE_NUM)
        .find(|&mode| bits_of(mode) == bits & CACHE_BITS)
        .map(effective)
}

/// Whether the registry leaves the range out. It is mapped write-back, and the MTRRs alone select its
/// cache mode: the first MiB.
#[inline(always)]
pub(crate) fn is_untracked(start: u64, end: u64) -> bool {
    // SAFETY: A function pointer that does not change after boot.
    let is_untracked = unsafe { (&raw const c::x86_platform.is_untracked_pat_range).read() };
    // SAFETY: Any range may be asked for.
    is_untracked.is_some_and(|is_untracked| unsafe { is_untracked(start, end) })
}

/// Whether a mapping that asked for `requested` may have `achieved`, the mode that the registry has
/// for the range.
pub(crate) fn is_allowed(start: u64, size: u64, requested: u32, achieved: u32) -> bool {
    // CAST: as wide.
    c::iomrs_is_new_memtype_allowed(start, size as usize, requested, achieved)
}

/// As the kernel crate's, which is a call even where all is well.
#[inline(always)]
fn to_result(err: c_int) -> Result {
    match err {
        0 => Ok(()),
        err => Err(Error::from_errno(err)),
    }
}

/// What ends a reservation: the range.
#[cfg(iomrs_exported)]
pub(crate) struct ReservedRange {
    start: u64,
    end: u64,
}

#[cfg(iomrs_exported)]
impl ReservedRange {
    #[inline(always)]
    pub(crate) const fn new(start: u64, end: u64) -> Self {
        Self { start, end }
    }

    /// Returns the range: its first address, and the one behind it.
    #[inline(always)]
    pub(crate) const fn get(&self) -> (u64, u64) {
        (self.start, self.end)
    }
}

/// Reserves `[start, end)` for `requested` in the registry (C: `memtype_reserve()`) and returns the
/// mode that the registry has for it.
///
/// # Errors
///
/// `EBUSY` where the modes may not be mixed, `EINVAL` where part of the range is RAM, `ENOMEM`.
#[cfg(iomrs_exported)]
#[inline(always)]
pub(crate) fn reserve(start: u64, end: u64, requested: u32) -> Result<u32> {
    let mut achieved = requested;
    // SAFETY: `achieved` is valid for a write.
    to_result(unsafe { c::memtype_reserve(start, end, requested, &mut achieved) })?;
    Ok(achieved)
}

/// Ends a reservation.
///
/// # Safety
///
/// [`reserve`] has made it for just that range and mode, and it has not been ended.
#[cfg(iomrs_exported)]
#[inline(always)]
pub(crate) unsafe fn free(start: u64, end: u64, _requested: u32) {
    // SAFETY: As required of our caller.
    unsafe { c::memtype_free(start, end) };
}

/// Gives the kernel's own mapping of the range the mode `mode`, where it has one
/// (C: `memtype_kernel_map_sync()`).
///
/// # Errors
///
/// `ENOMEM`: C says `EINVAL` for every cause, and the only one that there can be is a large page of
/// that mapping that cannot be split.
///
/// # Safety
///
/// The registry has the range with `mode`.
#[cfg(iomrs_exported)]
#[inline(always)]
pub(crate) unsafe fn sync(start: u64, size: u64, mode: u32) -> Result {
    // CAST: as wide. SAFETY: As required of our caller.
    to_result(unsafe { c::memtype_kernel_map_sync(start, size as usize, mode) }).map_err(|_| ENOMEM)
}

/// As on a test kernel, but only write combining can be reserved, and the registry's answer is not
/// told: the mapping has the mode that was asked for. Our callers refuse a range that crosses
/// resources, of which the kernel would warn.
///
/// # Errors
///
/// `EBUSY`, `ENOMEM`.
#[cfg(iomrs_stock)]
#[inline(always)]
pub(crate) fn reserve(start: u64, end: u64, requested: u32) -> Result<u32> {
    // SAFETY: It may be called anywhere.
    if is_untracked(start, end) && unsafe { c::pat_enabled() } {
        return Ok(c::page_cache_mode__PAGE_CACHE_MODE_WB);
    }
    if requested == c::page_cache_mode__PAGE_CACHE_MODE_WC {
        // SAFETY: Any range may be asked for.
        to_result(unsafe { c::arch_io_reserve_memtype_wc(start, end.wrapping_sub(start)) })?;
    }
    Ok(requested)
}

/// Ends a reservation.
///
/// # Safety
///
/// [`reserve`] has made it for just that range and mode, and it has not been ended.
#[cfg(iomrs_stock)]
#[inline(always)]
pub(crate) unsafe fn free(start: u64, end: u64, requested: u32) {
    if requested == c::page_cache_mode__PAGE_CACHE_MODE_WC {
        // SAFETY: As required of our caller.
        unsafe { c::arch_io_free_memtype_wc(start, end.wrapping_sub(start)) };
    }
}

/// Nothing: `arch_io_reserve_memtype_wc()` has done it.
///
/// # Errors
///
/// None.
///
/// # Safety
///
/// The registry has the range with `mode`.
#[cfg(iomrs_stock)]
#[inline(always)]
pub(crate) unsafe fn sync(_start: u64, _size: u64, _mode: u32) -> Result {
    Ok(())
}
