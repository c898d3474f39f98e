// SPDX-License-Identifier: GPL-2.0

//! Apertures (C: `<linux/io-mapping.h>`).
//!
//! What costs least is inlined into the driver: where an aperture is mapped as a whole, a map within it
//! is an addition, and an unmap nothing. Here is the rest.

use super::misuse::report;
use super::owners::{self, end_sparse, free_ended, Found, Owned};
use super::sparse::{self, SparseAperture};
use crate::io_mapping::sparse::{is_possible, whole_is_cheap};
use crate::io_mapping::{IoMapping, Strategy};
use crate::ioremap::{HeldRange, Mapping, Options};
use crate::mm::cache_mode::CacheMode;
use crate::mm::phys_range::PAGE_SIZE;
use crate::mm::preempt::in_interrupt;
use crate::tracking::{counters::Counter, CallSite, Caller, MappingKind};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};
use kernel::{
    ffi::{c_ulong, c_void},
    io::PhysAddr,
    prelude::*,
};

/// C's `struct io_mapping`, with two fields more: see `include/io_mapping_rs.h`.
#[repr(C)]
pub(crate) struct CIoMapping {
    base: PhysAddr,
    size: c_ulong,
    prot: c_ulong,
    iomem: *mut c_void,
    /// How many bytes from `iomem` on are mapped.
    mapped: c_ulong,
    /// The aperture, if it is sparse. What it points to is in the list of owners.
    sparse: *const c_void,
}

impl CIoMapping {
    /// Returns the address of a byte of an aperture that is mapped as a whole.
    fn addr(&self, offset: usize) -> usize {
        self.iomem.addr().wrapping_add(offset)
    }

    /// Returns the aperture, if it is sparse.
    ///
    /// # Safety
    ///
    /// `iomrs_io_mapping_fini` does not end it before the result is used for the last time.
    unsafe fn sparse(&self) -> Option<&SparseAperture> {
        // SAFETY: Null, or what `own_sparse` has stored, which stays as required of our caller.
        unsafe { self.sparse.cast::<SparseAperture>().as_ref() }
    }
}

/// Where the `iomem` of sparse apertures begins: no address that could be accessed, each a page apart.
const POISON: usize = 0xdead_1000_0000_0000;
static NEXT_POISON: AtomicUsize = AtomicUsize::new(0);

/// `IOMRS_CHECK` of the header: an aperture is to be sparse if it can, and an unmap of what is not mapped is
/// reported.
const CHECK: u32 = 1;

/// Makes an aperture of `size` bytes from `base` on, write-combining (C: `io_mapping_init_wc()`).
/// Returns whether it could be made. It leaves `prot` to the header.
///
/// # Safety
///
/// As [`IoMapping::with_strategy`]. `mapping` is NULL or may be written to; in an interrupt it is NULL.
/// `site` is valid for as long as the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_io_mapping_init_wc(
    mapping: *mut CIoMapping,
    base: PhysAddr,
    size: c_ulong,
    flags: u32,
    site: &'static CallSite,
) -> bool {
    // SAFETY: As required of our caller.
    let Some(mapping) = (unsafe { mapping.as_mut() }) else {
        refuse(
            "io_mapping_init_wc() in an interrupt",
            "io_mapping_init_wc() of NULL",
            base as usize,
            site,
        );
        return false;
    };
    free_ended();
    let Ok(made) = make(base, size, flags & CHECK != 0, site) else {
        return false;
    };
    *mapping = CIoMapping {
        base,
        size,
        prot: mapping.prot,
        ..made
    };
    Counter::CMade.count();
    true
}

/// Says why there is no struct to make an aperture of, or to end: the header passes NULL in interrupts.
#[cold]
#[inline(never)]
fn refuse(in_an_interrupt: &str, of_null: &str, value: usize, site: &CallSite) {
    let what = if in_interrupt() {
        in_an_interrupt
    } else {
        of_null
    };
    report(site, what, value);
}

/// Returns what C knows of a new aperture, but for its place.
#[inline(always)]
fn make(base: PhysAddr, size: usize, sparse: bool, site: &'static CallSite) -> Result<CIoMapping> {
    let options = Options::new(CacheMode::WriteCombining).across_resources();
    let (len, caller) = (size as u64, Caller::C(site));
    // C keeps an offset in the page. Such an aperture cannot be sparse.
    let may_be_sparse = base & (PAGE_SIZE - 1) == 0 && is_possible();
    if !may_be_sparse || !sparse && whole_is_cheap(len) {
        let whole = Mapping::for_caller(options, MappingKind::Whole, false, (base, len), caller);
        // Looked at where it is: what is passed on by value is copied.
        if !may_be_sparse || !matches!(&whole, Err(err) if *err == ENOMEM) {
            return own_whole(whole?.into_held(), size);
        }
    }
    // SAFETY: The guarantees of `iomrs_io_mapping_init_wc`, our only caller.
    let aperture = unsafe { IoMapping::for_caller(base, len, options, Strategy::Sparse, caller)? };
    own_sparse(aperture, site)
}

#[inline(always)]
fn own_whole(whole: HeldRange, size: usize) -> Result<CIoMapping> {
    let addr = whole.addr();
    owners::insert(addr, Owned::Whole(whole))?;
    Ok(CIoMapping {
        base: 0,
        size: 0,
        prot: 0,
        iomem: ptr::with_exposed_provenance_mut(addr),
        mapped: size,
        sparse: ptr::null(),
    })
}

fn own_sparse(aperture: IoMapping, site: &'static CallSite) -> Result<CIoMapping> {
    let aperture = SparseAperture::new(aperture)?;
    let sparse = ptr::from_ref(&*aperture).cast();
    let number = NEXT_POISON.fetch_add(PAGE_SIZE as usize, Ordering::Relaxed);
    let addr = POISON.wrapping_add(number);
    owners::insert(addr, Owned::Sparse(aperture))?;
    // Who uses `iomem` itself faults there.
    pr_info!(
        "{}: an io_mapping is sparse, so that nothing is mapped at its iomem: {:#x}\n",
        site.module(),
        addr
    );
    Ok(CIoMapping {
        base: 0,
        size: 0,
        prot: 0,
        iomem: ptr::without_provenance_mut(addr),
        mapped: 0,
        sparse,
    })
}

/// Ends an aperture (C: `io_mapping_fini()`). Returns whether there was one. It is left as it is if parts
/// of it are mapped, as far as that is known, until they are not, and a call makes or ends another or unmaps a
/// part by `io_mapping_unmap()`.
///
/// # Safety
///
/// `mapping` is NULL, as in an interrupt, or points to memory that has been an aperture or is filled with
/// zeroes. Nobody uses the aperture any more. `site` is valid for as long as the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_io_mapping_fini(
    mapping: *mut CIoMapping,
    site: &'static CallSite,
) -> bool {
    // SAFETY: As required of our caller.
    let Some(mapping) = (unsafe { mapping.as_mut() }) else {
        refuse(
            "io_mapping_fini() in an interrupt",
            "io_mapping_fini() of NULL",
            0,
            site,
        );
        return false;
    };
    let addr = mapping.iomem.addr();
    free_ended();
    let live = if owners::end_whole(addr) {
        Some(0)
    } else {
        end_sparse(addr)
    };
    match live {
        Some(0) => (),
        Some(live) => {
            let what = "io_mapping_fini() while parts are mapped, which stay so: how many";
            report(site, what, live as usize);
        }
        None => {
            report(site, "io_mapping_fini() of what is no io_mapping now", addr);
            return false;
        }
    }
    Counter::CDropped.count();
    // What is mapped from here on is refused, as it is within no byte.
    mapping.iomem = ptr::without_provenance_mut(POISON.wrapping_sub(PAGE_SIZE as usize));
    mapping.mapped = 0;
    mapping.sparse = ptr::null();
    true
}

/// Maps a page that the header has not mapped by an addition (C: `io_mapping_map_local_wc()`, and where
/// the caller stays on its CPU `io_mapping_map_atomic_wc()`). NULL where that fails.
///
/// # Safety
///
/// `mapping` is NULL, or points to memory that has been an aperture or is filled with zeroes. `site` is
/// valid for as long as the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_io_mapping_map_page(
    mapping: *const CIoMapping,
    offset: c_ulong,
    atomic: bool,
    site: &'static CallSite,
) -> *mut c_void {
    // SAFETY: As required of our caller.
    let Some(mapping) = (unsafe { mapping.as_ref() }) else {
        report(site, "a map of NULL", offset);
        return ptr::null_mut();
    };
    if !check_range(mapping, offset, 1, site) {
        return ptr::null_mut();
    }
    map_page(mapping, offset, atomic).map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
}

/// Whether the bytes are within the aperture. Reports it if they are not, and if there is no aperture.
fn check_range(mapping: &CIoMapping, offset: usize, size: usize, site: &'static CallSite) -> bool {
    if mapping.mapped == 0 && mapping.sparse.is_null() {
        report(site, "a map of what is no io_mapping now", offset);
        return false;
    }
    if size == 0 || offset >= mapping.size || size > mapping.size.wrapping_sub(offset) {
        report(site, "a map of what is outside of the io_mapping", offset);
        return false;
    }
    true
}

fn map_page(mapping: &CIoMapping, offset: usize, atomic: bool) -> Result<usize> {
    // SAFETY: By the guarantees of our caller it is not ended meanwhile.
    let Some(aperture) = (unsafe { mapping.sparse() }) else {
        return Ok(mapping.addr(offset));
    };
    // As C does where it maps the aperture as a whole, an offset in the page is kept.
    let in_page = offset & (PAGE_SIZE as usize - 1);
    let page = aperture.map_page((offset - in_page) as u64, atomic)?;
    Ok(page.wrapping_add(in_page))
}

/// Unmaps a page (C: `io_mapping_unmap_local()`, `io_mapping_unmap_atomic()`). Called where there are
/// sparse apertures, or with `IOMRS_CHECK`.
///
/// # Safety
///
/// Nobody uses the page any more. `site` is valid for as long as the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_io_mapping_unmap_page(
    addr: *const c_void,
    flags: u32,
    site: &'static CallSite,
) {
    unmap_page(addr.addr(), flags & CHECK != 0, site);
}

fn unmap_page(addr: usize, is_checked: bool, site: &CallSite) {
    // For what an aperture maps as a whole there is nothing to do. To look for it takes longer.
    if !sparse::unmap_page(addr, site) && is_checked && owners::is_in_no_aperture(addr) {
        report(site, "unmap of what is no mapped page", addr);
    }
}

/// Maps `size` bytes that the header has not mapped by an addition (C: `io_mapping_map_wc()`). NULL where
/// that fails.
///
/// # Safety
///
/// As [`iomrs_io_mapping_map_page`].
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_io_mapping_map_wc(
    mapping: *const CIoMapping,
    offset: c_ulong,
    size: c_ulong,
    site: &'static CallSite,
) -> *mut c_void {
    // SAFETY: As required of our caller.
    let Some(mapping) = (unsafe { mapping.as_ref() }) else {
        report(site, "a map of NULL", offset);
        return ptr::null_mut();
    };
    if !mapping.sparse.is_null() && in_interrupt() {
        report(site, "io_mapping_map_wc() in an interrupt", offset);
        return ptr::null_mut();
    }
    if !check_range(mapping, offset, size, site) {
        return ptr::null_mut();
    }
    map_area(mapping, offset, size).map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
}

fn map_area(mapping: &CIoMapping, offset: usize, size: usize) -> Result<usize> {
    // SAFETY: As in `map_page`.
    let Some(aperture) = (unsafe { mapping.sparse() }) else {
        return Ok(mapping.addr(offset));
    };
    let in_page = offset & (PAGE_SIZE as usize - 1);
    // SAFETY: `iomrs_io_mapping_fini` keeps an aperture of which parts are mapped.
    let area = unsafe { aperture.map_area((offset - in_page) as u64, size + in_page)? };
    let addr = area.addr();
    owners::insert(addr, Owned::Area(area))?;
    Ok(addr.wrapping_add(in_page))
}

/// Unmaps what [`iomrs_io_mapping_map_wc`] has mapped (C: `io_mapping_unmap()`). Called where there are
/// sparse apertures, or with `IOMRS_CHECK`: for an address in an aperture that is mapped as a whole there is
/// nothing to do.
///
/// # Safety
///
/// Nobody uses it any more. `site` is valid for as long as the driver's module is loaded.
#[no_mangle]
pub(crate) unsafe extern "C" fn iomrs_io_mapping_unmap(
    addr: *const c_void,
    site: &'static CallSite,
) {
    unmap_area(addr.addr(), site);
}

fn unmap_area(addr: usize, site: &'static CallSite) {
    if in_interrupt() {
        report(site, "io_mapping_unmap() in an interrupt", addr);
        return;
    }
    let area = owners::remove(addr, |owned| matches!(owned, Owned::Area(_)));
    if area.is_some() {
        drop(area);
        free_ended();
        return;
    }
    if owners::is_in_aperture(addr) {
        return;
    }
    let what = match owners::find(addr) {
        Found::Nothing => "io_mapping_unmap() of what is not mapped",
        _ => "io_mapping_unmap() of what is no map's beginning",
    };
    report(site, what, addr);
}
