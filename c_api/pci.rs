// SPDX-License-Identifier: GPL-2.0

//! BARs (C: `<linux/pci.h>`, `<asm-generic/pci_iomap.h>`).

use super::ioremap::{iomrs_ioremap, iomrs_iounmap};
use super::misuse::report;
use crate::bindings::iomrs_ioport_map;
use crate::bindings::pci::{bar_resource, IORESOURCE_IO, IORESOURCE_MEM, IORESOURCE_UNSET};
use crate::mm::cache_mode::CacheMode;
use crate::tracking::CallSite;
use core::ptr;
use kernel::{
    bindings::{pci_dev, PCI_STD_NUM_BARS},
    ffi::{c_int, c_ulong, c_void},
    prelude::*,
};

/// What C's accessors take for ports is this plus the number of the port, and less than [`COOKIES_END`]
/// (C: `PIO_OFFSET`, `PIO_RESERVED`).
const COOKIES: usize = 0x1_0000;
const COOKIES_END: usize = 0x4_0000;

/// A BAR, or the part of it that is to be mapped.
struct Part {
    start: u64,
    len: u64,
    flags: u32,
}

/// Returns a BAR that has addresses.
///
/// # Safety
///
/// `pdev` is NULL or a valid `struct pci_dev`.
unsafe fn find_bar(pdev: *mut pci_dev, bar: c_int, site: &'static CallSite) -> Option<Part> {
    if pdev.is_null() {
        report(site, "a BAR of NULL", 0);
        return None;
    }
    let bar = u32::try_from(bar)
        .ok()
        .filter(|&bar| bar < PCI_STD_NUM_BARS)?;
    // SAFETY: As required of our caller, and as just checked.
    let resource = unsafe { bar_resource(pdev, bar) };
    let last = resource.end.checked_sub(resource.start)?;
    Some(Part {
        start: resource.start,
        // C takes a resource that ends at 0 for none.
        len: if resource.end == 0 {
            0
        } else {
            last.wrapping_add(1)
        },
        // CAST: The flags are constants of type `u32`.
        flags: resource.flags as u32,
    })
}

/// Where a part of a BAR is.
pub(super) enum Place {
    /// The physical address, and how many bytes.
    Memory(u64, usize),
    /// What C's accessors take for the ports.
    Ports(*mut c_void),
}

/// Returns where the part of a BAR is that begins at `offset`. `max` is 0 for all that follows.
///
/// # Safety
///
/// `pdev` is NULL or a valid `struct pci_dev`.
pub(super) unsafe fn place(
    pdev: *mut pci_dev,
    bar: c_int,
    offset: c_ulong,
    max: c_ulong,
    site: &'static CallSite,
) -> Option<Place> {
    // SAFETY: As required of our caller.
    let bar = unsafe { find_bar(pdev, bar, site)? };
    let (offset, max) = (offset as u64, max as u64);
    if bar.len <= offset || bar.start == 0 {
        return None;
    }
    // No overflow: `offset` is within the BAR.
    let (start, rest) = (bar.start.wrapping_add(offset), bar.len.wrapping_sub(offset));
    let len = if max == 0 { rest } else { rest.min(max) };
    if bar.flags & IORESOURCE_IO != 0 {
        // CAST: There are 2^16 ports.
        let cookie = iomrs_ioport_map(start as c_ulong, len as u32);
        return (!cookie.is_null()).then_some(Place::Ports(cookie));
    }
    // CAST: `usize` has 64 bits.
    (bar.flags & IORESOURCE_MEM != 0).then_some(Place::Memory(start, len as usize))
}

/// Whether an address is what C's accessors take for ports, for which there is nothing to unmap.
pub(super) fn is_cookie(addr: usize) -> bool {
    (COOKIES..COOKIES_END).contains(&addr)
}

/// Maps a part of a BAR with the cache mode `mode`; ports only where that is for registers
/// (C: `pci_iomap_range()`, `pci_iomap_wc_range()`). `max` is 0 for all of what follows `offset`.
///
/// # Safety
///
/// `pdev` is NULL or a valid `struct pci_dev`, whose driver may use the BAR. `site` is valid for as long as
/// the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_pci_iomap(
    pdev: *mut pci_dev,
    bar: c_int,
    offset: c_ulong,
    max: c_ulong,
    mode: u32,
    site: &'static CallSite,
) -> *mut c_void {
    // SAFETY: As required of our caller.
    match unsafe { place(pdev, bar, offset, max, site) } {
        Some(Place::Ports(cookie)) if mode == CacheMode::UncachedMinus as u32 => cookie,
        Some(Place::Memory(start, len)) => {
            // SAFETY: As required of our caller: it is the driver's BAR.
            unsafe { iomrs_ioremap(start, len, mode, site) }
        }
        _ => ptr::null_mut(),
    }
}

/// Maps all of a BAR of memory (C: `pci_ioremap_bar()`, `pci_ioremap_wc_bar()`).
///
/// # Safety
///
/// As [`iomrs_pci_iomap`].
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_pci_ioremap_bar(
    pdev: *mut pci_dev,
    bar: c_int,
    mode: u32,
    site: &'static CallSite,
) -> *mut c_void {
    // SAFETY: As required of our caller.
    let found = unsafe { find_bar(pdev, bar, site) };
    let found =
        found.filter(|bar| bar.flags & (IORESOURCE_UNSET | IORESOURCE_MEM) == IORESOURCE_MEM);
    let Some(found) = found else {
        pr_err!("{}: BAR {} cannot be mapped\n", site.module(), bar);
        return ptr::null_mut();
    };
    // SAFETY: As required of our caller: it is the driver's BAR. CAST: `c_ulong` has 64 bits.
    unsafe { iomrs_ioremap(found.start, found.len as c_ulong, mode, site) }
}

/// Unmaps what [`iomrs_pci_iomap`] has returned. There is nothing to do for ports.
///
/// # Safety
///
/// Nobody uses the mapping any more. `site` is valid for as long as the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_pci_iounmap(addr: *const c_void, site: &'static CallSite) {
    if !is_cookie(addr.addr()) {
        // SAFETY: As required of our caller.
        unsafe { iomrs_iounmap(addr, site) };
    }
}
