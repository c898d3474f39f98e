// SPDX-License-Identifier: GPL-2.0

//! The ioremap family (C: `<linux/io.h>`).

use super::misuse::report;
use super::owners::{self, Found, Owned};
use crate::ioremap::{HeldRange, Mapping, Options};
use crate::mm::cache_mode::{mode_of_entry, CacheMode};
use crate::mm::phys_range::PAGE_SHIFT;
use crate::mm::preempt::in_interrupt;
use crate::tracking::{counters::Counter, CallSite, Caller, MappingKind};
use core::ptr;
use kernel::{
    ffi::{c_ulong, c_void},
    io::PhysAddr,
    prelude::*,
};

/// Maps `size` bytes from `phys` on with the cache mode that has the number `mode` in C's
/// `enum page_cache_mode`. Returns NULL where that fails.
///
/// # Safety
///
/// As [`Options::map`]. `site` is valid for as long as the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_ioremap(
    phys: PhysAddr,
    size: c_ulong,
    mode: u32,
    site: &'static CallSite,
) -> *mut c_void {
    let mapped = CacheMode::from_raw(mode).ok_or(EINVAL);
    let mapped = mapped.and_then(|mode| map(phys, size, mode, site, Owned::Range));
    mapped.map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
}

/// As [`iomrs_ioremap`], with the cache mode of a protection (C: `pgprot_val()`), from which C takes
/// nothing else, either.
///
/// # Safety
///
/// As [`iomrs_ioremap`].
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_ioremap_prot(
    phys: PhysAddr,
    size: c_ulong,
    prot: c_ulong,
    site: &'static CallSite,
) -> *mut c_void {
    let mapped = mode_of_entry(prot as u64, PAGE_SHIFT).ok_or(EINVAL);
    let mapped = mapped.and_then(|mode| map(phys, size, mode, site, Owned::Range));
    mapped.map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
}

/// Maps a range, which becomes what `owned` makes of it. Returns its address.
#[inline(always)]
pub(super) fn map(
    phys: PhysAddr,
    size: usize,
    mode: CacheMode,
    site: &'static CallSite,
    owned: impl FnOnce(HeldRange) -> Owned,
) -> Result<usize> {
    if in_interrupt() {
        report(site, "ioremap() in an interrupt", phys as usize);
        return Err(EPERM);
    }
    // C maps what leaves its resource, after a warning.
    let options = Options::new(mode).across_resources();
    let range = (phys, size as u64);
    let kind = MappingKind::Ioremap;
    let mapping = Mapping::for_caller(options, kind, false, range, Caller::C(site))?;
    let addr = mapping.addr();
    owners::insert(addr, owned(mapping.into_held()))?;
    Counter::CMade.count();
    Ok(addr)
}

/// Unmaps what begins in the page of `addr`, if it `is_wanted`. Returns whether it did.
#[inline(always)]
pub(super) fn unmap(addr: usize, is_wanted: impl Fn(&Owned) -> bool) -> bool {
    // Not moved again: it is dropped where it is.
    let range = owners::remove(addr, is_wanted);
    if range.is_some() {
        Counter::CDropped.count();
    }
    range.is_some()
}

/// Unmaps what [`iomrs_ioremap`] has returned `addr` for. As in C, any address of its first page will
/// do. Any other address is left alone, and reported.
///
/// # Safety
///
/// Nobody uses the mapping any more. `site` is valid for as long as the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_iounmap(addr: *const c_void, site: &'static CallSite) {
    let addr = addr.addr();
    if in_interrupt() {
        report(site, "iounmap() in an interrupt", addr);
    } else if !unmap(addr, |owned| matches!(owned, Owned::Range(_))) {
        refuse_iounmap(addr, site);
    }
}

#[cold]
#[inline(never)]
fn refuse_iounmap(addr: usize, site: &'static CallSite) {
    let what = match owners::find(addr) {
        Found::Inside => "iounmap() of an address inside of a mapping, not of its beginning",
        Found::InAperture => "iounmap() of an address of an io_mapping",
        Found::InManaged => "iounmap() of what belongs to a device: devm_iounmap() unmaps it",
        Found::Nothing => "iounmap() of an address that is not mapped, or not by io_mapping_rs",
    };
    report(site, what, addr);
}
