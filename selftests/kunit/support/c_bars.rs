// SPDX-License-Identifier: GPL-2.0

//! BARs as C maps and requests them.

use crate::{
    c,
    support::{accessors::Cookie, devices::Device, outcome::*, proc_files::Text},
};

/// The cookies of ports in C.
const PORT_COOKIES: core::ops::Range<usize> = 0x10000..0x20000;

/// Is a region of memory or of ports requested in the tests' name?
pub(crate) fn region_is_requested() -> Outcome<bool> {
    let mut requested = false;
    for path in [c"/proc/iomem", c"/proc/ioports"] {
        let text = Text::read(path)?;
        requested |= text
            .as_str()?
            .lines()
            .any(|line| line.ends_with(": iomrs-test"));
    }
    Ok(requested)
}

/// A BAR that `pci_iomap_range()` or `pci_iomap_wc_range()` has mapped. Unmapped on drop.
pub(crate) struct CBar<'a> {
    device: &'a Device,
    cookie: Cookie,
}

impl<'a> CBar<'a> {
    /// Fails the test where C returns NULL.
    pub(crate) fn iomap(
        device: &'a Device,
        bar: u32,
        offset: u64,
        maxlen: u64,
        wc: bool,
    ) -> Outcome<Self> {
        match Self::try_iomap(device, bar, offset, maxlen, wc) {
            Some(mapped) => Ok(mapped),
            None => fail!("C maps nothing of BAR {bar} from {offset:#x} on, write combining: {wc}"),
        }
    }

    /// Returns `None` where C returns NULL.
    pub(crate) fn try_iomap(
        device: &'a Device,
        bar: u32,
        offset: u64,
        maxlen: u64,
        wc: bool,
    ) -> Option<Self> {
        let (bar, offset, maxlen) = (bar as i32, offset as usize, maxlen as usize);
        // SAFETY: The device is bound to us, and C checks the rest.
        let addr = unsafe { c::iomrs_c_pci_iomap(device.as_ptr(), bar, offset, maxlen, wc) };
        // INVARIANT: C has mapped the BAR, which only the tests use.
        (addr != 0).then(|| Self {
            device,
            cookie: Cookie(addr),
        })
    }

    pub(crate) fn cookie(&self) -> Cookie {
        self.cookie
    }

    /// Returns the number of the first port of a BAR of ports.
    pub(crate) fn port(&self) -> Option<usize> {
        let is_port = PORT_COOKIES.contains(&self.cookie.0);
        is_port.then(|| self.cookie.0 - PORT_COOKIES.start)
    }
}

impl Drop for CBar<'_> {
    fn drop(&mut self) {
        // SAFETY: `iomap` got the cookie from C for this device, and it is unmapped here only.
        unsafe { c::iomrs_c_pci_iounmap(self.device.as_ptr(), self.cookie.0) };
    }
}
