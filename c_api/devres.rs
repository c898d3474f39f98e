// SPDX-License-Identifier: GPL-2.0

//! Mappings that belong to a device, which unmaps them when its driver is unbound (C: `devm_ioremap()` and
//! its like).

use super::ioremap::{map, unmap};
use super::misuse::report;
use super::owners::Owned;
use crate::bindings::{iomrs_in_interrupt as in_interrupt, module::LibraryReference};
use crate::ioremap::Mapping;
use crate::mm::cache_mode::CacheMode;
use crate::tracking::CallSite;
use core::ptr;
use kernel::{
    bindings::{__devm_add_action, device, devm_remove_action_nowarn},
    ffi::{c_ulong, c_void},
    io::PhysAddr,
    prelude::*,
};

/// Makes a mapping a device's.
fn managed(mapping: Mapping) -> Owned {
    // SAFETY: The caller of `iomrs_devm_ioremap`, which is what calls us, is a driver that refers to it.
    Owned::Managed(mapping, unsafe { LibraryReference::new() })
}

/// What the device calls: unmaps what it has mapped at `addr`.
///
/// # Safety
///
/// Nobody uses the mapping any more.
unsafe extern "C" fn release(addr: *mut c_void) {
    // It is there: nothing else unmaps a mapping of this kind.
    unmap(addr.addr(), |owned| matches!(owned, Owned::Managed(..)));
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
    let mapped = CacheMode::from_raw(mode).ok_or(EINVAL);
    let mapped = mapped.and_then(|mode| map(phys, size, mode, site, managed));
    let Ok(addr) = mapped else {
        return ptr::null_mut();
    };
    let addr = ptr::with_exposed_provenance_mut(addr);
    // SAFETY: As required of our caller. `release` takes the address of a mapping of this kind.
    if unsafe { __devm_add_action(dev, Some(release), addr, c"io_mapping_rs".as_char_ptr()) } != 0 {
        // SAFETY: Nobody knows the address.
        unsafe { release(addr) };
        return ptr::null_mut();
    }
    addr
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
    if dev.is_null() || unsafe { devm_remove_action_nowarn(dev, Some(release), addr) } != 0 {
        report(
            site,
            "devm_iounmap() of what the device has not mapped",
            addr.addr(),
        );
        return;
    }
    // SAFETY: As required of our caller.
    unsafe { release(addr) };
}
