// SPDX-License-Identifier: GPL-2.0

//! Mappings that belong to a device, which unmaps them when its driver is unbound (C: `devm_ioremap()` and
//! its like).

use super::ioremap::{map, unmap};
use super::misuse::report;
use super::owners::Owned;
use crate::bindings::module::LibraryReference;
use crate::ioremap::HeldRange;
use crate::mm::cache_mode::CacheMode;
use crate::mm::preempt::in_interrupt;
use crate::tracking::CallSite;
use core::ptr;
use kernel::{
    bindings::{__devm_add_action, device, devm_remove_action_nowarn},
    ffi::{c_ulong, c_void},
    io::PhysAddr,
    prelude::*,
};

/// What a device calls to unmap what it has mapped at an address.
pub(super) type Release = unsafe extern "C" fn(addr: *mut c_void);

/// Unmaps what [`iomrs_devm_ioremap`] has mapped.
///
/// # Safety
///
/// Nobody uses the mapping any more.
pub(super) unsafe extern "C" fn release(addr: *mut c_void) {
    // It is there: nothing else unmaps a mapping of this kind.
    unmap(addr.addr(), |owned| matches!(owned, Owned::Managed(..)));
}

/// Maps `size` bytes from `phys` on for a device. `owned` makes of the mapping what `release` unmaps.
///
/// # Errors
///
/// Those of [`map`], and `ENOMEM`.
///
/// # Safety
///
/// As `iomrs_ioremap`. `dev` is a valid `struct device`.
pub(super) unsafe fn map_for(
    dev: *mut device,
    (phys, size): (PhysAddr, usize),
    mode: CacheMode,
    site: &'static CallSite,
    owned: impl FnOnce(HeldRange, LibraryReference) -> Owned,
    release: Release,
) -> Result<*mut c_void> {
    let addr = map(phys, size, mode, site, |held| {
        // SAFETY: A driver calls us that was linked to us.
        owned(held, unsafe { LibraryReference::new() })
    })?;
    let addr = ptr::with_exposed_provenance_mut(addr);
    // SAFETY: As required of our caller. `release` takes the address of what `owned` has made.
    if unsafe { __devm_add_action(dev, Some(release), addr, c"io_mapping_rs".as_char_ptr()) } != 0 {
        // SAFETY: Nobody knows the address.
        unsafe { release(addr) };
        return Err(ENOMEM);
    }
    Ok(addr)
}

/// Unmaps what [`map_for`] has mapped with the same `release`. Returns whether it had.
///
/// # Safety
///
/// Nobody uses the mapping any more. `dev` is a valid `struct device`.
pub(super) unsafe fn unmap_for(dev: *mut device, addr: *mut c_void, release: Release) -> bool {
    // SAFETY: As required of our caller. Nothing is done unless `map_for` has added the action.
    let is_there = unsafe { devm_remove_action_nowarn(dev, Some(release), addr) } == 0;
    if is_there {
        // SAFETY: As required of our caller.
        unsafe { release(addr) };
    }
    is_there
}

/// Maps `size` bytes from `phys` on with the cache mode `mode`, for as long as the driver of `dev` is bound
/// (C: `devm_ioremap()` and its like). NULL where that fails.
///
/// # Safety
///
/// As `iomrs_ioremap`. `dev` is NULL or a valid `struct device`.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_devm_ioremap(
    dev: *mut device,
    phys: PhysAddr,
    size: c_ulong,
    mode: u32,
    site: &'static CallSite,
) -> *mut c_void {
    if dev.is_null() {
        report(site, "devm_ioremap() for NULL", phys as usize);
        return ptr::null_mut();
    }
    let Some(mode) = CacheMode::from_raw(mode) else {
        return ptr::null_mut();
    };
    // SAFETY: As required of our caller.
    let mapped = unsafe { map_for(dev, (phys, size), mode, site, Owned::Managed, release) };
    mapped.unwrap_or(ptr::null_mut())
}

/// Unmaps what [`iomrs_devm_ioremap`] has mapped (C: `devm_iounmap()`).
///
/// # Safety
///
/// Nobody uses the mapping any more. `dev` is NULL or a valid `struct device`. `site` is valid for as long as
/// the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_devm_iounmap(
    dev: *mut device,
    addr: *mut c_void,
    site: &'static CallSite,
) {
    if in_interrupt() {
        report(site, "devm_iounmap() in an interrupt", addr.addr());
        return;
    }
    // SAFETY: As required of our caller.
    if dev.is_null() || !unsafe { unmap_for(dev, addr, release) } {
        let what = "devm_iounmap() of what the device has not mapped";
        report(site, what, addr.addr());
    }
}
