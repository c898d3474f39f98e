// SPDX-License-Identifier: GPL-2.0

//! The right to a BAR: a region request, which keeps other drivers away from it.
//!
//! C: `pci_request_region()` in [`drivers/pci/pci.c`](srctree/drivers/pci/pci.c)

use crate::bindings::pci::{self, IORESOURCE_IO, IORESOURCE_MEM, IORESOURCE_UNSET};
use crate::ioremap::{Mapping, Options, PhysAddr, ResourceSize};
use crate::mm::cache_mode::{CacheMode, ForeignMapping, Policy};
use crate::mm::phys_range::PAGE_SIZE;
use crate::mm::reclaim;
use crate::tracking::counters;
use core::ops::Deref;
use kernel::{device::Bound, pci::Device, prelude::*, str::CString, sync::Arc};

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
/// has been requested in the name of `_name`, and only `drop` releases it.
pub(super) struct Request<'a> {
    pdev: &'a Device<Bound>,
    bar: u32,
    kind: BarKind,
    start: PhysAddr,
    size: ResourceSize,
    // The list of resources points to it, for ever if this is leaked. The driver's own string would
    // be gone then as soon as its module is unloaded.
    _name: CString,
}

impl<'a> Request<'a> {
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
    pub(super) fn new(
        pdev: &'a Device<Bound>,
        bar: u32,
        kinds: &[BarKind],
        name: &CStr,
    ) -> Result<Self> {
        Self::try_request(pdev, bar, kinds, name).inspect_err(|&err| counters::count_refusal(err))
    }

    fn try_request(
        pdev: &'a Device<Bound>,
        bar: u32,
        kinds: &[BarKind],
        name: &CStr,
    ) -> Result<Self> {
        reclaim::may_allocate();
        let flags = pci::resource_flags(pdev, bar)?;
        let (start, size) = (
            pdev.resource_start(bar)?.into(),
            pdev.resource_len(bar)?.into(),
        );
        let kind = match flags & (IORESOURCE_MEM | IORESOURCE_IO) {
            0 => return Err(ENODEV),
            kind if kind & IORESOURCE_IO != 0 => BarKind::Ports,
            _ => BarKind::Memory,
        };
        let is_assigned = flags & IORESOURCE_UNSET == 0;
        if size == 0 || !is_assigned || !kinds.contains(&kind) {
            return Err(ENODEV);
        }
        let name = CString::try_from(name)?;
        // SAFETY: The result keeps the name until it has released the region.
        unsafe { pci::request_region(pdev, bar, &name)? };
        // INVARIANT: `start` and `size`, not 0, are those of the BAR, which is of `kind` by its
        // flags and has just been requested.
        Ok(Self {
            pdev,
            bar,
            kind,
            start,
            size,
            _name: name,
        })
    }

    pub(super) fn device(&self) -> &'a Device<Bound> {
        self.pdev
    }

    /// Returns the physical address of the first byte as the CPU sees it, or the number of the
    /// first port.
    pub(super) fn start(&self) -> PhysAddr {
        self.start
    }

    /// Returns the number of bytes or ports.
    pub(super) fn size(&self) -> ResourceSize {
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
    ) -> Result<BarRange<'_>> {
        let left = self.size.saturating_sub(offset);
        let size = if maxlen == 0 { left } else { left.min(maxlen) };
        // SAFETY: As required of our caller.
        unsafe { self.part(offset, size) }
    }

    /// Returns the `size` bytes or ports from `offset` on.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there are none, or they are not all within the BAR.
    ///
    /// # Safety
    ///
    /// The request is released after what is made of the range has been dropped.
    pub(super) unsafe fn part(
        &self,
        offset: ResourceSize,
        size: ResourceSize,
    ) -> Result<BarRange<'_>> {
        let left = self.size.checked_sub(offset);
        if size == 0 || left.is_none_or(|left| size > left) {
            counters::count_refusal(EINVAL);
            return Err(EINVAL);
        }
        // INVARIANT: `size` is not 0, and `offset` and `size` add up to no more than the size of the
        // BAR, which by the invariant of `Request` is requested. It stays so as required of our
        // caller.
        Ok(BarRange {
            request: self,
            start: self.start + offset,
            size,
        })
    }

    /// Returns the first and the last byte of the device's MSI-X table, which the kernel maps uncached
    /// when the driver asks for interrupts; `None` if it is not in this BAR.
    fn msix_table(&self) -> Option<(PhysAddr, PhysAddr)> {
        let table = pci::msix_table(self.pdev).filter(|table| table.bar == self.bar)?;
        // No overflow: both are within the BAR, or the device is broken.
        let first = self.start.saturating_add(table.offset.into());
        Some((first, first.saturating_add((table.size - 1).into())))
    }

    /// Whether the pages of a range have a part of the MSI-X table.
    fn has_msix_table(&self, start: PhysAddr, size: ResourceSize) -> bool {
        let page = |addr: PhysAddr| u64::from(addr) / PAGE_SIZE;
        self.msix_table().is_some_and(|(first, last)| {
            page(first) <= page(start + (size - 1)) && page(start) <= page(last)
        })
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `Request` the BAR has been requested and not been released.
        unsafe { pci::release_region(self.pdev, self.bar) };
    }
}

/// The right to a BAR that a mapping keeps.
pub(super) enum Right<'a> {
    /// Nothing else of the BAR is mapped.
    Alone(Request<'a>),
    /// Other parts of the BAR may be mapped.
    Shared(Arc<Request<'a>>),
}

impl<'a> Deref for Right<'a> {
    type Target = Request<'a>;

    fn deref(&self) -> &Request<'a> {
        match self {
            Self::Alone(request) => request,
            Self::Shared(request) => request,
        }
    }
}

/// A range of a BAR that has been requested.
///
/// # Invariants
///
/// The `size` bytes or ports, not 0, from `start` on are within the BAR of `request`, which is
/// released after what is made of the range has been dropped.
pub struct BarRange<'r> {
    request: &'r Request<'r>,
    start: PhysAddr,
    size: ResourceSize,
}

impl BarRange<'_> {
    pub(super) fn kind(&self) -> BarKind {
        self.request.kind
    }

    /// Returns the physical address of the first byte, or the number of the first port.
    pub(super) fn start(&self) -> PhysAddr {
        self.start
    }

    /// Returns the number of bytes or ports, which is not 0.
    pub(super) fn size(&self) -> ResourceSize {
        self.size
    }

    /// Returns `options` for a mapping of the range.
    ///
    /// # Errors
    ///
    /// `ENODEV` for ports. `EBUSY` where `options` ask for exactly a mode that is not uncached, and
    /// the device has its MSI-X table here.
    pub(super) fn options(&self, options: Options) -> Result<Options> {
        let err = if self.kind() != BarKind::Memory {
            ENODEV
        } else if options.policy() == Policy::Exact
            && !options.mode().is_uncached()
            && self.request.has_msix_table(self.start, self.size)
        {
            EBUSY
        } else {
            return Ok(options.in_requested_region());
        };
        counters::count_refusal(err);
        Err(err)
    }

    /// Returns the kernel's mapping of the MSI-X table of the BAR, if there is one and a mapping with
    /// `options` has to be compared with it. It is to be kept until that has been made.
    pub(super) fn msix_mapping(&self, options: &Options) -> Option<ForeignMapping> {
        let request = self.request;
        if options.mode().is_uncached() || !pci::msix_is_enabled(request.pdev) {
            return None;
        }
        let (first, last) = request.msix_table()?;
        ForeignMapping::new(first.into(), last.into(), CacheMode::UncachedMinus).ok()
    }

    /// Maps the range with `options`.
    ///
    /// # Errors
    ///
    /// Those of [`options`](Self::options) and of [`Options::map`].
    #[track_caller]
    pub(super) fn map(self, options: Options) -> Result<Mapping> {
        let options = self.options(options)?;
        let _msix = self.msix_mapping(&options);
        // SAFETY: By the invariant of `BarRange` the range is within a BAR, which is of memory, as
        // `options` has found, and ours for longer than the mapping.
        unsafe { options.map(self.start, self.size) }
    }
}
