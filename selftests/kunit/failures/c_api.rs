// SPDX-License-Identifier: GPL-2.0

//! The calls of the C API that allocate.
//!
//! Names that differ only in the cache mode that they hand to the same function are left out. So is `devm_of_iomap()`:
//! on x86 without `CONFIG_OF`, as these kernels are, it returns `EINVAL` before it allocates, and elsewhere there is no C
//! API. It maps by `devm_ioremap_resource()`.

use super::{Call, Place};
use crate::{
    c::{self, iomrs_c_checked_driver as CHECKED, iomrs_c_driver as OURS, Driver},
    support::{devices::*, mappings::WC, ranges::*},
};
use kernel::{error::to_result, prelude::*};

/// What the driver gets: an address, NULL or an errno.
fn mapped(addr: usize) -> Result<usize> {
    match addr as isize {
        0 => Err(ENOMEM),
        errno @ -4095..0 => Err(Error::from_errno(errno as i32)),
        _ => Ok(addr),
    }
}

fn ioremap(place: &Place) -> Result<usize> {
    let mode = c::page_cache_mode(WC);
    // SAFETY: The tests map ranges that nobody else uses.
    mapped(unsafe { (OURS.ioremap)(place.range.phys, PAGE as usize, mode) })
}

fn iounmap(_: &Place, addr: usize) {
    // SAFETY: A call has mapped it, and nobody uses it.
    unsafe { (OURS.iounmap)(addr) };
}

fn ioremap_prot(place: &Place) -> Result<usize> {
    const WRITE_BACK: usize = 0;
    // SAFETY: The tests map ranges that nobody else uses.
    mapped(unsafe { (OURS.ioremap_prot)(place.range.phys, PAGE as usize, WRITE_BACK) })
}

/// Makes an aperture in memory of the driver's.
fn init_wc(place: &Place) -> Result<usize> {
    // SAFETY: The tests map ranges that nobody else uses. What has been made is undone, once.
    unsafe {
        let aperture = (OURS.zeroed)();
        if aperture.is_null() {
            return Err(ENOMEM);
        }
        let made = (OURS.init_wc)(aperture, place.range.phys, PAGE as usize);
        if made {
            (OURS.fini)(aperture);
        }
        (OURS.kfree)(aperture);
        made.then_some(0).ok_or(ENOMEM)
    }
}

/// Maps the memory of a platform device, and lets the device go, which unmaps it.
fn platform(place: &Place, how: u32) -> Result<usize> {
    // SAFETY: The tests map ranges that nobody else uses. The device is put once.
    unsafe {
        let pdev = (OURS.platform_device)(place.range.phys, PAGE as usize);
        if pdev.is_null() {
            return Err(ENOMEM);
        }
        let result = mapped((OURS.devm_platform)(pdev, how));
        (OURS.platform_put)(pdev);
        result
    }
}

/// Makes an aperture of all of the driver's calls that map parts of it.
fn aperture(driver: &'static Driver, place: &Place) -> Result<usize> {
    // SAFETY: The tests map ranges that nobody else uses. What is mapped is unmapped, and the aperture
    // freed, once.
    unsafe {
        let aperture = (driver.create_wc)(place.range.phys, 2 * PAGE_2M as usize);
        if aperture.is_null() {
            return Err(ENOMEM);
        }
        let area = (driver.map_wc)(aperture, 0, PAGE as usize);
        let page = (driver.map_local)(aperture, PAGE as usize);
        if page != 0 {
            (driver.unmap_local)(page);
        }
        if area != 0 {
            (driver.unmap)(area);
        }
        (driver.free)(aperture);
        mapped(area.min(page))
    }
}

const fn call(
    name: &'static str,
    make: fn(&Place) -> Result<usize>,
    undo: fn(&Place, usize),
) -> Call {
    Call {
        name,
        make,
        undo,
        errors: &[ENOMEM],
    }
}

/// As [`call`], for one that does not say ENOMEM for each allocation, as in C.
const fn call_with(
    errors: &'static [Error],
    name: &'static str,
    make: fn(&Place) -> Result<usize>,
    undo: fn(&Place, usize),
) -> Call {
    Call {
        errors,
        ..call(name, make, undo)
    }
}

/// Unbinds the device, which then unmaps and releases what it has, and binds it again.
fn unbind(_: &Place, _: usize) {
    if let Ok(device) = Device::ivshmem() {
        let _ = device.unbind(|| ());
    }
}

pub(super) const CALLS: &[Call] = &[
    call("ioremap", ioremap, iounmap),
    call("ioremap_prot", ioremap_prot, iounmap),
    call("io_mapping_init_wc", init_wc, |_, _| ()),
    call("io_mapping", |place| aperture(&OURS, place), |_, _| ()),
    call(
        "io_mapping, sparse",
        |place| aperture(&CHECKED, place),
        |_, _| (),
    ),
    call(
        "pci_iomap",
        |place| {
            // SAFETY: The device is bound to the tests, which alone use its BARs.
            mapped(unsafe { (OURS.pci_iomap)(place.ivshmem.as_ptr(), 0, 0, 0, false) })
        },
        |place, addr| {
            // SAFETY: The call has mapped it, and nobody uses it.
            unsafe { (OURS.pci_iounmap)(place.ivshmem.as_ptr(), addr) }
        },
    ),
    call(
        "pci_ioremap_bar",
        |place| {
            // SAFETY: The device is bound to the tests, which alone use its BARs.
            mapped(unsafe { (OURS.pci_ioremap_bar)(place.ivshmem.as_ptr(), 0, false) })
        },
        iounmap,
    ),
    call(
        "pcim_iomap",
        |place| {
            // SAFETY: The device is bound to the tests, which alone use its BARs.
            mapped(unsafe { (OURS.pcim_iomap)(place.ivshmem.as_ptr(), 0, 0) })
        },
        |place, addr| {
            // SAFETY: The call has mapped it, and nobody uses it.
            unsafe { (OURS.pcim_iounmap)(place.ivshmem.as_ptr(), addr) }
        },
    ),
    call_with(
        // C says it for each failure.
        &[EINVAL],
        "pcim_iomap_range",
        |place| {
            // SAFETY: The device is bound to the tests, which alone use its BARs.
            mapped(unsafe { (OURS.pcim_iomap_range)(place.ivshmem.as_ptr(), 0, 0, 8) })
        },
        |place, addr| {
            // SAFETY: The call has mapped it, and nobody uses it.
            unsafe { (OURS.pcim_iounmap)(place.ivshmem.as_ptr(), addr) }
        },
    ),
    call_with(
        &[EINVAL, EBUSY],
        "pcim_iomap_region",
        |place| {
            // SAFETY: The device is bound to the tests, which alone use its BARs.
            mapped(unsafe { (OURS.pcim_iomap_region)(place.ivshmem.as_ptr(), 0) })
        },
        |place, _| {
            // SAFETY: The call has mapped it, and nobody uses it.
            unsafe { (OURS.pcim_iounmap_region)(place.ivshmem.as_ptr(), 0) }
        },
    ),
    call_with(
        &[EBUSY],
        "pcim_iomap_region, ports",
        |place| {
            let bar = Device::PORT_BAR as i32;
            // SAFETY: The device is bound to the tests, which alone use its BARs.
            mapped(unsafe { (OURS.pcim_iomap_region)(place.testdev.as_ptr(), bar) })
        },
        |place, _| {
            let bar = Device::PORT_BAR as i32;
            // SAFETY: The call has mapped it, and nobody uses it.
            unsafe { (OURS.pcim_iounmap_region)(place.testdev.as_ptr(), bar) }
        },
    ),
    call_with(
        &[ENOMEM, EINVAL, EBUSY],
        "pcim_iomap_regions",
        |place| {
            // The registers, and the memory where there is address space for all of it.
            let mask = 1 | i32::from(much_address_space().is_ok()) << 2;
            // SAFETY: The device is bound to the tests, which alone use its BARs.
            let result = unsafe { (OURS.pcim_iomap_regions)(place.ivshmem.as_ptr(), mask) };
            to_result(result).map(|()| 0)
        },
        unbind,
    ),
    call(
        "devm_ioremap",
        |place| {
            let phys = place.range.phys;
            // SAFETY: The device is bound to the tests, which alone use the range.
            mapped(unsafe { (OURS.devm_ioremap)(place.ivshmem.as_ptr(), phys, PAGE as usize) })
        },
        |place, addr| {
            // SAFETY: The call has mapped it, and nobody uses it.
            unsafe { (OURS.devm_iounmap)(place.ivshmem.as_ptr(), addr) }
        },
    ),
    call_with(
        &[ENOMEM, EBUSY],
        "devm_ioremap_resource",
        |place| {
            // SAFETY: The device is bound to the tests, which alone use its BARs.
            mapped(unsafe { (OURS.devm_ioremap_resource)(place.ivshmem.as_ptr(), 0, 0) })
        },
        unbind,
    ),
    call_with(
        &[ENOMEM, EBUSY],
        "devm_platform_ioremap_resource",
        |place| platform(place, 0),
        |_, _| (),
    ),
    call_with(
        &[ENOMEM, EBUSY],
        "devm_platform_ioremap_resource_byname",
        |place| platform(place, 1),
        |_, _| (),
    ),
    call_with(
        &[ENOMEM, EBUSY],
        "devm_platform_get_and_ioremap_resource",
        |place| platform(place, 2),
        |_, _| (),
    ),
];
