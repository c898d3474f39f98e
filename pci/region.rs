// SPDX-License-Identifier: GPL-2.0

//! The right to a BAR: a region request, which keeps other drivers away from it.
//!
//! C: `pci_request_region()` in [`drivers/pci/pci.c`](srctree/drivers/pci/pci.c)

use crate::bindings::pci::{self, IORESOURCE_IO, IORESOURCE_MEM, IORESOURCE_UNSET};
use crate::ioremap::{Mapping, Options};
use crate::tracking::counters;
use kernel::{
    device::Bound,
    io::{PhysAddr, ResourceSize},
    pci::Device,
    prelude::*,
};

/// What a BAR consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarKind {
    Memory,
    Ports,
}

/// The region request of a BAR, released on drop.
///
/// # Invariants
///
/// BAR `bar` of `pdev` is of `kind` and has the `size` bytes or ports, not 0, from `start` on. It
/// has been requested, and only `drop` releases it.
pub(crate) struct BarRegion<'a> {
    pdev: &'a Device<Bound>,
    bar: u32,
    kind: BarKind,
    start: PhysAddr,
    size: ResourceSize,
}

impl<'a> BarRegion<'a> {
    /// Requests BAR `bar` in the name of `name`, which is shown in `/proc/iomem` or
    /// `/proc/ioports`.
    ///
    /// # Errors
    ///
    /// | | |
    /// |---|---|
    /// | `EINVAL` | there is no such BAR |
    /// | `ENODEV` | it is not assigned, or of none of `kinds` |
    /// | `EBUSY` | another driver has requested it |
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
        let flags = pci::resource_flags(pdev, bar)?;
        let (start, size) = (pdev.resource_start(bar)?, pdev.resource_len(bar)?);
        let kind = match flags & (IORESOURCE_MEM | IORESOURCE_IO) {
            0 => return Err(ENODEV),
            kind if kind & IORESOURCE_IO != 0 => BarKind::Ports,
            _ => BarKind::Memory,
        };
        let is_assigned = flags & IORESOURCE_UNSET == 0;
        if size == 0 || !is_assigned || !kinds.contains(&kind) {
            return Err(ENODEV);
        }
        pci::request_region(pdev, bar, name)?;
        // INVARIANT: `start` and `size`, not 0, are those of the BAR, which is of `kind` by its
        // flags and has just been requested.
        Ok(Self {
            pdev,
            bar,
            kind,
            start,
            size,
        })
    }

    pub(crate) fn device(&self) -> &'a Device<Bound> {
        self.pdev
    }

    /// Returns the physical address of the first byte as the CPU sees it, or the number of the
    /// first port.
    pub(crate) fn start(&self) -> PhysAddr {
        self.start
    }

    /// Returns the number of bytes or ports.
    pub(crate) fn size(&self) -> ResourceSize {
        self.size
    }

    /// Returns the range from `offset` on, `maxlen` bytes or ports at most unless that is 0.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `offset` is not within the BAR.
    ///
    /// # Safety
    ///
    /// The request is released after what is made of the range has been dropped.
    pub(super) unsafe fn range(
        &self,
        offset: ResourceSize,
        maxlen: ResourceSize,
    ) -> Result<BarRange> {
        let left = self.size.checked_sub(offset).filter(|&left| left != 0);
        let left = left
            .ok_or(EINVAL)
            .inspect_err(|&err| counters::count_refusal(err))?;
        // INVARIANT: `left` is not 0, and `offset` and `left` add up to the size of the BAR, which
        // by the invariant of `BarRegion` is of `kind` and requested. It stays so as required of
        // our caller.
        Ok(BarRange {
            kind: self.kind,
            start: self.start + offset,
            size: if maxlen == 0 { left } else { left.min(maxlen) },
        })
    }
}

impl Drop for BarRegion<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `BarRegion` the BAR has been requested and not been released.
        unsafe { pci::release_region(self.pdev, self.bar) };
    }
}

/// A range of a BAR that has been requested.
///
/// # Invariants
///
/// The `size` bytes or ports, not 0, from `start` on are within a BAR of `kind`, whose region
/// request is ours and is released after what is made of the range has been dropped.
pub struct BarRange {
    pub(super) kind: BarKind,
    pub(super) start: PhysAddr,
    pub(super) size: ResourceSize,
}

impl BarRange {
    /// Maps the range with `options`.
    ///
    /// # Errors
    ///
    /// `ENODEV` for ports, and those of [`Options::map`].
    #[track_caller]
    pub(super) fn map(self, options: Options) -> Result<Mapping> {
        if self.kind != BarKind::Memory {
            return Err(ENODEV);
        }
        // SAFETY: By the invariant of `BarRange` the range is device memory, and ours for longer
        // than the mapping.
        unsafe { options.in_requested_region().map(self.start, self.size) }
    }
}
