// SPDX-License-Identifier: GPL-2.0

//! `<linux/pci.h>`: the BARs of a device.

use super::{iomrs_device_lock, iomrs_device_unlock};
use core::ptr::{self, NonNull};
use kernel::{
    bindings::{
        pci_dev, pci_dev_put, pci_disable_device, pci_enable_device, pci_get_device,
        pci_read_config_dword, pci_read_config_word, pci_release_region, pci_request_region,
        resource, PCI_ANY_ID, PCI_MSIX_ENTRY_SIZE, PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_QSIZE,
        PCI_MSIX_TABLE, PCI_MSIX_TABLE_BIR, PCI_MSIX_TABLE_OFFSET, PCI_STD_NUM_BARS,
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

/// Returns the resource of a BAR.
///
/// # Safety
///
/// `pdev` is a valid `struct pci_dev`, and `bar` is less than `PCI_STD_NUM_BARS`.
pub(crate) unsafe fn bar_resource(pdev: *mut pci_dev, bar: u32) -> resource {
    // SAFETY: As required of our caller, `pdev` is valid.
    let resources = unsafe { &raw const (*pdev).resource }.cast::<resource>();
    // SAFETY: The array has an element for each BAR, and `bar` is the number of one, as required of our
    // caller.
    unsafe { resources.add(bar as usize).read() }
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
    // SAFETY: A reference to a `Device` is a valid `struct pci_dev`, and `bar` is the number of a BAR,
    // as just checked.
    let flags = unsafe { bar_resource(as_raw(pdev), bar).flags };
    // CAST: The flags are constants of type `u32`.
    Ok(flags as u32)
}

/// C: `pci_request_region()`. `name` is shown in `/proc/iomem` or `/proc/ioports`.
///
/// # Errors
///
/// `EINVAL` if there is no such BAR, `EBUSY` if it has been requested already.
///
/// # Safety
///
/// `name` stays valid until the region has been released.
pub(crate) unsafe fn request_region(pdev: &Device<Bound>, bar: u32, name: &CStr) -> Result {
    let bar = bar_index(bar)?;
    // SAFETY: A reference to a `Device` is a valid `struct pci_dev`, `bar_index` returns only the
    // numbers of BARs, and `name` stays valid as required of our caller.
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

/// A PCI device that is locked: while this exists no driver is bound to it, none is unbound from it, and
/// it is not removed.
///
/// # Invariants
///
/// The pointer is that of a device to which we have a reference. This task has locked it.
pub(crate) struct LockedDevice(NonNull<pci_dev>);

impl LockedDevice {
    /// Finds the device that has a BAR of memory in which all bytes from `first` to `last` lie, and locks
    /// it.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(crate) fn with_memory(first: u64, last: u64) -> Option<Self> {
        let mut from = ptr::null_mut();
        loop {
            // CAST: The constant that stands for any number, as C casts it.
            let any = PCI_ANY_ID as u32;
            // SAFETY: `from` is null, or a device to which we have a reference, which this gives back.
            from = unsafe { pci_get_device(any, any, from) };
            let found = NonNull::new(from)?;
            // SAFETY: `pci_get_device` has just returned the device with a reference.
            if unsafe { has_memory(found, first, last) } {
                // SAFETY: The device is valid, as we have a reference to it.
                unsafe { iomrs_device_lock(&raw mut (*from).dev) };
                // INVARIANT: Found with a reference, and locked above.
                return Some(Self(found));
            }
        }
    }

    /// Returns whether a driver is bound to the device.
    pub(crate) fn has_driver(&self) -> bool {
        // SAFETY: By the invariant of `LockedDevice` the device is valid, and its driver does not change.
        unsafe { !(*self.0.as_ptr()).dev.driver.is_null() }
    }
}

/// Returns whether all bytes from `first` to `last` lie in a BAR of memory of the device.
///
/// # Safety
///
/// `pdev` is a valid `struct pci_dev`.
unsafe fn has_memory(pdev: NonNull<pci_dev>, first: u64, last: u64) -> bool {
    (0..PCI_STD_NUM_BARS).any(|bar| {
        // SAFETY: As required of our caller, `pdev` is valid. `bar` is the number of a BAR.
        let res = unsafe { bar_resource(pdev.as_ptr(), bar) };
        // CAST: The flags are constants of type `u32`.
        let is_memory = res.flags as u32 & (IORESOURCE_MEM | IORESOURCE_UNSET) == IORESOURCE_MEM;
        is_memory && u64::from(res.start) <= first && last <= u64::from(res.end)
    })
}

impl Drop for LockedDevice {
    fn drop(&mut self) {
        let pdev = self.0.as_ptr();
        // SAFETY: By the invariant of `LockedDevice` the device is valid, and this task has locked it.
        unsafe { iomrs_device_unlock(&raw mut (*pdev).dev) };
        // SAFETY: By the invariant of `LockedDevice` we have a reference, which nobody uses any more.
        unsafe { pci_dev_put(pdev) };
    }
}

/// Where the device has the table of its MSI-X interrupts.
pub(crate) struct MsixTable {
    pub(crate) bar: u32,
    /// From the start of the BAR, in bytes.
    pub(crate) offset: u32,
    /// In bytes, not 0.
    pub(crate) size: u32,
}

/// Returns whether the kernel has the MSI-X table mapped: the driver has asked for interrupts.
pub(crate) fn msix_is_enabled(pdev: &Device<Bound>) -> bool {
    // SAFETY: A reference to a `Device` is a valid `struct pci_dev`. The bit may change at any time.
    unsafe { pci_dev::msix_enabled_raw(as_raw(pdev)) != 0 }
}

/// Returns where the MSI-X table is, `None` if the device has none.
pub(crate) fn msix_table(pdev: &Device<Bound>) -> Option<MsixTable> {
    let pdev = as_raw(pdev);
    // SAFETY: A reference to a `Device` is a valid `struct pci_dev`. The byte does not change.
    let capability = unsafe { (&raw const (*pdev).msix_cap).read() };
    if capability == 0 {
        return None;
    }
    let (mut flags, mut table) = (0, 0);
    let at = |register: u32| c_int::from(capability) + register as c_int;
    // SAFETY: The device is valid, and `flags` is valid for a write.
    unsafe { pci_read_config_word(pdev, at(PCI_MSIX_FLAGS), &mut flags) };
    // SAFETY: The device is valid, and `table` is valid for a write.
    unsafe { pci_read_config_dword(pdev, at(PCI_MSIX_TABLE), &mut table) };
    Some(MsixTable {
        bar: table & PCI_MSIX_TABLE_BIR,
        offset: table & PCI_MSIX_TABLE_OFFSET,
        size: ((u32::from(flags) & PCI_MSIX_FLAGS_QSIZE) + 1) * PCI_MSIX_ENTRY_SIZE,
    })
}
