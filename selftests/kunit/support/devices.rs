// SPDX-License-Identifier: GPL-2.0

//! QEMU's PCI devices whose BARs the tests use.

use crate::{
    c,
    support::{outcome::*, ranges::TestRange},
};
use core::{ffi::c_void, ptr::NonNull};
use kernel::{device::Bound, error::to_result, pci, prelude::*};

/// The name in which the tests request regions.
pub(crate) const NAME: &CStr = c"iomrs-test";

/// A PCI device that is bound to the driver of the tests: see `c/pci.c`.
///
/// # Invariants
///
/// The pointer is to a `struct pci_dev`, of which this holds a reference.
pub(crate) struct Device(NonNull<c_void>);

impl Device {
    fn get(vendor: u32, device: u32) -> Option<Self> {
        // INVARIANT: C returns a device and a reference to it, or NULL.
        NonNull::new(c::iomrs_c_pci_get(vendor, device)).map(Self)
    }

    /// Returns ivshmem: BAR 0 is registers, BAR 2 memory in a file of the host.
    pub(crate) fn ivshmem() -> Available<Self> {
        Self::get(0x1af4, 0x1110).ok_or(c"no ivshmem device, or another driver has it")
    }

    /// Returns pci-testdev, which counts what is written to it: BAR 0 is memory, BAR
    /// [`Device::PORT_BAR`] is ports.
    pub(crate) fn testdev() -> Available<Self> {
        Self::get(0x1b36, 0x0005).ok_or(c"no pci-testdev device")
    }

    pub(crate) const PORT_BAR: u32 = 1;

    /// Returns an NVMe controller: BAR 0 is registers, in one page of which is the MSI-X table.
    pub(crate) fn nvme() -> Available<Self> {
        Self::get(0x1b36, 0x0010).ok_or(c"no NVMe device, or another driver has it")
    }

    /// Where QEMU's NVMe controller has its MSI-X table.
    pub(crate) const NVME_TABLE: u64 = 0x2000;

    /// Returns the address of C's `struct pci_dev`.
    pub(crate) fn as_ptr(&self) -> *mut c_void {
        self.0.as_ptr()
    }

    /// Returns where a BAR lies, in memory or in ports. Fails the test where the device lacks it.
    pub(crate) fn bar(&self, bar: u32) -> Outcome<TestRange> {
        match self.find_bar(bar) {
            Some(range) => Ok(range),
            None => fail!("no BAR {}", bar),
        }
    }

    /// Returns the size of BAR `bar`, if there is such a one.
    pub(crate) fn size_of_bar(&self, bar: i32) -> Option<u64> {
        let bar = u32::try_from(bar).ok().filter(|&bar| bar < 6)?;
        self.find_bar(bar).map(|range| range.size)
    }

    fn find_bar(&self, bar: u32) -> Option<TestRange> {
        let mut size = 0;
        // SAFETY: By the invariant the pointer is to a device. Callers name one of its six BARs,
        // and `size` is valid for a write.
        let phys = unsafe { c::iomrs_c_pci_bar(self.0.as_ptr(), bar, &mut size) };
        (size != 0).then_some(TestRange { phys, size })
    }

    /// Returns the kernel crate's view of the device, which stays bound until [`Device::unbind`]
    /// takes the device by value.
    pub(crate) fn bound(&self) -> &pci::Device<Bound> {
        // SAFETY: `pci::Device` is a transparent wrapper of a `struct pci_dev`, which by the
        // invariant the pointer is to. The device was bound when we got it, and only `unbind` and
        // the end of this module unbind it.
        unsafe { self.0.cast().as_ref() }
    }

    /// Unbinds the device from its driver, calls `while_unbound`, and binds it again.
    pub(crate) fn unbind<T>(self, while_unbound: impl FnOnce() -> T) -> Result<T> {
        // SAFETY: By the invariant the pointer is to a device, and nobody has a `bound()` of it any
        // more.
        to_result(unsafe { c::iomrs_c_pci_set_bound(self.0.as_ptr(), false) })?;
        let result = while_unbound();
        // SAFETY: As above. 1 says that a driver was found.
        to_result(unsafe { c::iomrs_c_pci_set_bound(self.0.as_ptr(), true) })?;
        Ok(result)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: By the invariant we hold the reference that is given back.
        unsafe { c::iomrs_c_pci_put(self.0.as_ptr()) };
    }
}

/// A device that does not answer at its BARs until this is dropped.
pub(crate) struct DecodeOff<'a>(&'a Device);

impl<'a> DecodeOff<'a> {
    pub(crate) fn new(device: &'a Device) -> Self {
        // SAFETY: By its invariant `device` points to a device.
        unsafe { c::iomrs_c_pci_set_decode(device.as_ptr(), false) };
        Self(device)
    }
}

impl Drop for DecodeOff<'_> {
    fn drop(&mut self) {
        // SAFETY: By its invariant the device points to one.
        unsafe { c::iomrs_c_pci_set_decode(self.0.as_ptr(), true) };
    }
}

/// A device whose MSI-X table the kernel has mapped, until this is dropped.
pub(crate) struct MsixOn<'a>(&'a Device);

impl<'a> MsixOn<'a> {
    pub(crate) fn new(device: &'a Device) -> Result<Self> {
        // SAFETY: By its invariant `device` points to a device, which is bound to us.
        to_result(unsafe { c::iomrs_c_pci_set_msix(device.as_ptr(), true) })?;
        Ok(Self(device))
    }
}

impl Drop for MsixOn<'_> {
    fn drop(&mut self) {
        // SAFETY: As in `new`, which has asked for the interrupt. The result is 0.
        unsafe { c::iomrs_c_pci_set_msix(self.0.as_ptr(), false) };
    }
}

/// A BAR to which the kernel has assigned no addresses, until this is dropped.
pub(crate) struct UnassignedBar<'a> {
    device: &'a Device,
    bar: u32,
    start: u64,
}

impl<'a> UnassignedBar<'a> {
    pub(crate) fn new(device: &'a Device, bar: u32) -> Self {
        // SAFETY: By its invariant `device` points to a device. Callers name a BAR that it has.
        let start = unsafe { c::iomrs_c_pci_unassign(device.as_ptr(), bar) };
        Self { device, bar, start }
    }
}

impl Drop for UnassignedBar<'_> {
    fn drop(&mut self) {
        // SAFETY: `new` unassigned the BAR of this device, which began at `start`.
        unsafe { c::iomrs_c_pci_assign(self.device.as_ptr(), self.bar, self.start) };
    }
}

/// Returns a BAR of ivshmem: 0 is registers, fewer than a page of them, 2 is memory.
pub(crate) fn ivshmem_bar(bar: u32) -> Available<TestRange> {
    Device::ivshmem()?
        .find_bar(bar)
        .ok_or(c"ivshmem does not have the BAR")
}
