// SPDX-License-Identifier: GPL-2.0

//! `<linux/pci.h>`: the BARs of a device.

use core::ptr;
use kernel::{
    bindings::{
        pci_dev, pci_disable_device, pci_enable_device, pci_release_region, pci_request_region,
        resource, PCI_STD_NUM_BARS,
    },
    device::{Bound, Core},
    error::to_result,
    ffi::c_int,
    pci::Device,
    prelude::*,
};

pub(crate) use kernel::bindings::{IORESOURCE_IO, IORESOURCE_MEM, IORESOURCE_UNSET};

fn as_raw(pdev: &Device<Bound>) -> *mut pci_dev {
    // `Device` is a transparent wrapper of an opaque `struct pci_dev`.
    ptr::from_ref(pdev).cast_mut().cast()
}

/// Returns `bar` as C takes it, or `EINVAL` if there is no such BAR.
fn bar_index(bar: u32) -> Result<c_int> {
    if bar >= PCI_STD_NUM_BARS {
        return Err(EINVAL);
    }
    Ok(bar.try_into()?)
}

/// C: `pci_enable_device()`.
pub(crate) fn enable_device(pdev: &Device<Core<'_>>) -> Result {
    // SAFETY: A reference to a `Device` is a valid `struct pci_dev`. In the context `Core` its
    // state may be changed.
    to_result(unsafe { pci_enable_device(as_raw(pdev)) })
}

/// C: `pci_disable_device()`.
///
/// # Safety
///
/// The device has been enabled as often as this is called.
pub(crate) unsafe fn disable_device(pdev: &Device<Bound>) {
    // SAFETY: A reference to a `Device` is a valid `struct pci_dev`, which has been enabled, as
    // required of our caller.
    unsafe { pci_disable_device(as_raw(pdev)) };
}

/// Returns the `IORESOURCE_*` flags of a BAR (C: `pci_resource_flags()`).
///
/// # Errors
///
/// `EINVAL` if there is no such BAR.
pub(crate) fn resource_flags(pdev: &Device<Bound>, bar: u32) -> Result<u32> {
    bar_index(bar)?;
    // SAFETY: A reference to a `Device` is a valid `struct pci_dev`.
    let resources = unsafe { &raw const (*as_raw(pdev)).resource }.cast::<resource>();
    // SAFETY: The array has an element for each BAR, and `bar` is the number of one, as just checked.
    let flags = unsafe { (*resources.add(bar as usize)).flags };
    // CAST: The flags are constants of type `u32`.
    Ok(flags as u32)
}

/// C: `pci_request_region()`. `name` is shown in `/proc/iomem` or `/proc/ioports`.
///
/// # Errors
///
/// `EINVAL` if there is no such BAR, `EBUSY` if it has been requested already.
pub(crate) fn request_region(pdev: &Device<Bound>, bar: u32, name: &'static CStr) -> Result {
    let bar = bar_index(bar)?;
    // SAFETY: A reference to a `Device` is a valid `struct pci_dev`, `bar_index` returns only the
    // numbers of BARs, and `name` lives for ever.
    to_result(unsafe { pci_request_region(as_raw(pdev), bar, name.as_char_ptr()) })
}

/// C: `pci_release_region()`.
///
/// # Safety
///
/// [`request_region`] succeeded for this BAR, which has not been released since.
pub(crate) unsafe fn release_region(pdev: &Device<Bound>, bar: u32) {
    if let Ok(bar) = bar_index(bar) {
        // SAFETY: A reference to a `Device` is a valid `struct pci_dev`, `bar_index` returns only
        // the numbers of BARs, and as required of our caller the region has been requested.
        unsafe { pci_release_region(as_raw(pdev), bar) };
    }
}
