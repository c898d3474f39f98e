// SPDX-License-Identifier: GPL-2.0

//! BARs as C maps them, and as a machine may leave them.

use crate::{
    c,
    support::{accessors::Cookie, outcome::*, proc_files, ranges::*},
};
use kernel::prelude::*;

/// The name that the tests request regions in.
pub(crate) const NAME: &CStr = c"iomrs-test";

/// Where C's cookies of ports begin.
const PORT_COOKIES: core::ops::Range<usize> = 0x10000..0x20000;

/// Is a region of memory or ports ours?
pub(crate) fn region_is_taken() -> Outcome<bool> {
    let mut taken = false;
    for path in [c"/proc/iomem", c"/proc/ioports"] {
        let mut text = KVVec::new();
        proc_files::read(path, &mut text)?;
        let text = check_ok!(core::str::from_utf8(&text));
        taken |= text.lines().any(|line| line.ends_with(": iomrs-test"));
    }
    Ok(taken)
}

/// What `pci_iomap_range()` or `pci_iomap_wc_range()` gives.
pub(crate) struct TheirBar<'a> {
    device: &'a Device,
    cookie: Cookie,
}

impl<'a> TheirBar<'a> {
    /// `None` for NULL.
    pub(crate) fn iomap(
        device: &'a Device,
        bar: u32,
        offset: u64,
        maxlen: u64,
        wc: bool,
    ) -> Option<Self> {
        let (bar, offset, maxlen) = (bar as i32, offset as usize, maxlen as usize);
        // SAFETY: The device is ours, and C checks the rest.
        let addr = unsafe { c::iomrs_c_pci_iomap(device.as_ptr(), bar, offset, maxlen, wc) };
        (addr != 0).then(|| Self {
            device,
            cookie: Cookie(addr),
        })
    }

    pub(crate) fn cookie(&self) -> Cookie {
        self.cookie
    }

    /// The number of the first port, where it is of ports.
    pub(crate) fn port(&self) -> Option<usize> {
        let is_port = PORT_COOKIES.contains(&self.cookie.0);
        is_port.then(|| self.cookie.0 - PORT_COOKIES.start)
    }
}

impl Drop for TheirBar<'_> {
    fn drop(&mut self) {
        // SAFETY: C gave the cookie, and it is given back here only.
        unsafe { c::iomrs_c_pci_iounmap(self.device.as_ptr(), self.cookie.0) };
    }
}

/// A device that does not answer at its BARs, until this is dropped.
pub(crate) struct Deaf<'a>(&'a Device);

impl<'a> Deaf<'a> {
    pub(crate) fn new(device: &'a Device) -> Self {
        // SAFETY: The device is ours.
        unsafe { c::iomrs_c_pci_set_decode(device.as_ptr(), false) };
        Self(device)
    }
}

impl Drop for Deaf<'_> {
    fn drop(&mut self) {
        // SAFETY: The device is ours.
        unsafe { c::iomrs_c_pci_set_decode(self.0.as_ptr(), true) };
    }
}

/// A BAR that the kernel has found no place for, until this is dropped.
pub(crate) struct Unassigned<'a> {
    device: &'a Device,
    bar: u32,
    start: u64,
}

impl<'a> Unassigned<'a> {
    pub(crate) fn new(device: &'a Device, bar: u32) -> Self {
        // SAFETY: The device is ours, and has the BAR.
        let start = unsafe { c::iomrs_c_pci_unassign(device.as_ptr(), bar) };
        Self { device, bar, start }
    }
}

impl Drop for Unassigned<'_> {
    fn drop(&mut self) {
        // SAFETY: As it was before.
        unsafe { c::iomrs_c_pci_assign(self.device.as_ptr(), self.bar, self.start) };
    }
}
