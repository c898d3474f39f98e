// SPDX-License-Identifier: GPL-2.0

//! L1: the right to a range of device memory or ports: a BAR, requested so that no other driver has
//! it.
//!
//! C: `pci_request_region()` in [`drivers/pci/pci.c`](srctree/drivers/pci/pci.c)

use crate::bindings;
use crate::tracking::counters;
use kernel::{
    bindings as c,
    device::{Bound, Core},
    error::to_result,
    ffi::c_int,
    io::{PhysAddr, ResourceSize},
    pci::Device,
    prelude::*,
};

/// What a BAR is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarKind {
    Memory,
    Ports,
}

/// A BAR that is ours, released on drop.
///
/// # Invariants
///
/// BAR `num` of `pdev` is a BAR of `kind` of `size` bytes or ports, not 0, from `start` on, and the
/// region request for it is ours.
pub(crate) struct BarRegion<'a> {
    pdev: &'a Device<Bound>,
    num: c_int,
    kind: BarKind,
    start: PhysAddr,
    size: ResourceSize,
}

fn as_raw(pdev: &Device<Bound>) -> *mut c::pci_dev {
    // `Device` is a transparent wrapper of an opaque `struct pci_dev`.
    core::ptr::from_ref(pdev).cast_mut().cast()
}

/// As [`crate::pci::enable_device`].
pub(crate) fn enable_device(pdev: &Device<Core<'_>>) -> Result {
    // SAFETY: A device, of which a driver may change the state: it is being probed.
    to_result(unsafe { bindings::pci_enable_device(as_raw(pdev)) })
}

impl<'a> BarRegion<'a> {
    /// Requests BAR `bar` in the name of `name`, as `/proc/iomem` shows it.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there is no such BAR, `ENODEV` where it is not assigned or of none of `kinds`,
    /// `EBUSY` where another driver has it.
    pub(crate) fn request(
        pdev: &'a Device<Bound>,
        bar: u32,
        kinds: &[BarKind],
        name: &'static CStr,
    ) -> Result<Self> {
        Self::try_request(pdev, bar, kinds, name).inspect_err(|&err| counters::count_refusal(err))
    }

    fn try_request(
        pdev: &'a Device<Bound>,
        bar: u32,
        kinds: &[BarKind],
        name: &'static CStr,
    ) -> Result<Self> {
        if bar >= c::PCI_STD_NUM_BARS {
            return Err(EINVAL);
        }
        let (start, size) = (pdev.resource_start(bar)?, pdev.resource_len(bar)?);
        let num = c_int::try_from(bar)?;
        // SAFETY: `pdev` is a device, and `num` one of its six BARs.
        let flags = unsafe { bindings::iomrs_pci_resource_flags(as_raw(pdev), num) };
        let kind = match flags & (c::IORESOURCE_MEM | c::IORESOURCE_IO) as usize {
            0 => return Err(ENODEV),
            flags if flags & c::IORESOURCE_IO as usize != 0 => BarKind::Ports,
            _ => BarKind::Memory,
        };
        let is_assigned = flags & c::IORESOURCE_UNSET as usize == 0;
        if size == 0 || !is_assigned || !kinds.contains(&kind) {
            return Err(ENODEV);
        }
        // SAFETY: `pdev` is a device, `num` one of its BARs, and `name` lives for ever.
        to_result(unsafe { bindings::pci_request_region(as_raw(pdev), num, name.as_char_ptr()) })?;
        // INVARIANT: of that kind, not empty, and requested just now.
        Ok(Self {
            pdev,
            num,
            kind,
            start,
            size,
        })
    }

    pub(crate) fn device(&self) -> &'a Device<Bound> {
        self.pdev
    }

    pub(crate) fn kind(&self) -> BarKind {
        self.kind
    }

    /// Physical address of the first byte, as the CPU sees it, or number of the first port.
    pub(crate) fn start(&self) -> PhysAddr {
        self.start
    }

    /// Bytes, or ports.
    pub(crate) fn size(&self) -> ResourceSize {
        self.size
    }
}

impl Drop for BarRegion<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariant the request is ours, for this BAR of a live device.
        unsafe { bindings::pci_release_region(as_raw(self.pdev), self.num) };
    }
}
