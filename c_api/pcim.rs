// SPDX-License-Identifier: GPL-2.0

//! BARs that belong to their device, which unmaps them when its driver is unbound (C: `pcim_iomap()` and its
//! like). The header requests regions, and keeps C's table of the device.

use super::devres::{map_for, release, unmap_for};
use super::ioremap::unmap;
use super::misuse::report;
use super::owners::{self, Owned};
use super::pci::{is_cookie, place, Place};
use crate::mm::cache_mode::CacheMode;
use crate::mm::preempt::in_interrupt;
use crate::tracking::CallSite;
use core::ptr;
use kernel::{
    bindings::pci_dev,
    ffi::{c_int, c_ulong, c_void},
};

/// Unmaps a BAR that was requested with it.
///
/// # Safety
///
/// Nobody uses the mapping any more.
unsafe extern "C" fn release_bar(addr: *mut c_void) {
    unmap(addr.addr(), |owned| matches!(owned, Owned::Bar(..)));
}

/// Maps a part of a BAR for as long as the driver is bound (C: `pcim_iomap_range()`). `max` is 0 for all of
/// what follows `offset`. With `requested` it is unmapped by [`iomrs_pcim_iounmap_bar`]
/// (C: `pcim_iomap_region()`). NULL where that fails.
///
/// # Safety
///
/// As `iomrs_pci_iomap`.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_pcim_iomap(
    pdev: *mut pci_dev,
    bar: c_int,
    offset: c_ulong,
    max: c_ulong,
    requested: bool,
    site: &'static CallSite,
) -> *mut c_void {
    // SAFETY: As required of our caller.
    let range = match unsafe { place(pdev, bar, offset, max, site) } {
        Some(Place::Memory(start, len)) => (start, len),
        Some(Place::Ports(cookie)) => return cookie,
        None => return ptr::null_mut(),
    };
    let mode = CacheMode::UncachedMinus;
    // SAFETY: As required of our caller: `place` has refused NULL.
    let dev = unsafe { &raw mut (*pdev).dev };
    let mapped = if requested {
        // SAFETY: As required of our caller: it is the driver's BAR.
        unsafe { map_for(dev, range, mode, site, Owned::Bar, release_bar) }
    } else {
        // SAFETY: As above.
        unsafe { map_for(dev, range, mode, site, Owned::Managed, release) }
    };
    mapped.unwrap_or(ptr::null_mut())
}

/// Unmaps what [`iomrs_pcim_iomap`] has mapped without `requested` (C: `pcim_iounmap()`). Returns whether it
/// had. There is nothing to do for ports.
///
/// # Safety
///
/// Nobody uses the mapping any more. `pdev` is NULL or a valid `struct pci_dev`. `site` is valid for as long
/// as the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_pcim_iounmap(
    pdev: *mut pci_dev,
    addr: *mut c_void,
    site: &'static CallSite,
) -> bool {
    if in_interrupt() {
        report(site, "pcim_iounmap() in an interrupt", addr.addr());
        return false;
    }
    let unmapped = if pdev.is_null() || is_cookie(addr.addr()) {
        !pdev.is_null()
    } else {
        // SAFETY: As required of our caller: it is not NULL.
        unsafe { unmap_for(&raw mut (*pdev).dev, addr, release) }
    };
    if !unmapped {
        let what = "pcim_iounmap() of what the device has not mapped";
        report(site, what, addr.addr());
    }
    unmapped
}

/// Unmaps what [`iomrs_pcim_iomap`] has mapped with `requested` (C: `pcim_iounmap_region()`). Returns
/// whether it had.
///
/// # Safety
///
/// As [`iomrs_pcim_iounmap`].
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_pcim_iounmap_bar(
    pdev: *mut pci_dev,
    bar: c_int,
    site: &'static CallSite,
) -> bool {
    if in_interrupt() {
        report(site, "pcim_iounmap_region() in an interrupt", bar as usize);
        return false;
    }
    if pdev.is_null() {
        report(site, "pcim_iounmap_region() for NULL", bar as usize);
        return false;
    }
    // SAFETY: As required of our caller.
    let addr = match unsafe { place(pdev, bar, 0, 0, site) } {
        Some(Place::Memory(phys, _)) => owners::addr_of_bar(phys),
        _ => None,
    };
    let unmapped = addr.is_some_and(|addr| {
        let addr = ptr::with_exposed_provenance_mut(addr);
        // SAFETY: As required of our caller: it is not NULL. What is another device's is left alone.
        unsafe { unmap_for(&raw mut (*pdev).dev, addr, release_bar) }
    });
    if !unmapped {
        let what = "pcim_iounmap_region() of a BAR that the device has not mapped";
        report(site, what, bar as usize);
    }
    unmapped
}
