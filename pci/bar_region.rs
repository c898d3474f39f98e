// SPDX-License-Identifier: GPL-2.0

//! A BAR that is requested once, and of which parts are mapped with different cache modes.

use super::request::{BarRange, Request, Right};
use super::{Aperture, Bar, FromBar, Owned, WcBar};
use crate::io_mapping::{IoMapping, Strategy};
use crate::ioremap::{io_region::IoRegion, Mapping, Options, PhysAddr, ResourceSize};
use crate::tracking::counters;
use core::ops::{Bound as RangeBound, RangeBounds};
use kernel::{device::Bound, pci::Device, prelude::*, sync::Arc};

/// A BAR that has been requested, for a device that has registers and memory in one BAR. Parts of it
/// are mapped one by one.
///
/// A part is the same type as a BAR that is mapped by itself, and keeps the request: the BAR is
/// released when this and all parts have been dropped.
///
/// Parts are ranges of bytes, or of ports, from the start of the BAR. Where the pages of two parts
/// overlap, they share a cache mode as all mappings do: memory that is mapped after registers is
/// uncached like those, and registers that are mapped after write-combining memory are `EBUSY`.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::{Bar, BarRegion, WcBar};
/// use kernel::{device::Bound, pci, prelude::*};
///
/// /// The first page of the BAR is registers, the rest a queue.
/// fn map<'a>(pdev: &'a pci::Device<Bound>) -> Result<(Bar<'a>, WcBar<'a>)> {
///     let region = BarRegion::request(pdev, 2, c"my-driver")?;
///     Ok((region.bar(..0x1000)?, region.wc(0x1000..)?))
/// }
/// ```
#[derive(Clone)]
pub struct BarRegion<'a>(Arc<Request<'a>>);

impl<'a> BarRegion<'a> {
    /// Requests BAR `bar` in the name of `name` (C: `pci_request_region()`).
    ///
    /// # Errors
    ///
    /// | | |
    /// |---|---|
    /// | `EINVAL` | there is no such BAR |
    /// | `ENODEV` | it is not assigned |
    /// | `EBUSY` | another driver has requested it |
    /// | `ENOMEM` | there is no memory for the request |
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    pub fn request(pdev: &'a Device<Bound>, bar: u32, name: &CStr) -> Result<Self> {
        let request = Request::new(pdev, bar, IoRegion::KINDS, name)?;
        Ok(Self(Arc::new(request, GFP_KERNEL)?))
    }

    /// Returns the physical address of the first byte, or the number of the first port.
    pub fn start(&self) -> PhysAddr {
        self.0.start()
    }

    /// Returns the number of bytes or ports.
    pub fn size(&self) -> ResourceSize {
        self.0.size()
    }

    /// Maps a part as a `T`: [`Mapping`], [`Ports`](crate::Ports) or any other [`FromBar`].
    ///
    /// # Errors
    ///
    /// `EINVAL` if the part is empty or leaves the BAR, `ENODEV` if the BAR is of another kind than
    /// `T` can be made of, and those of [`Options::map`].
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    #[track_caller]
    pub fn map<T: FromBar>(&self, part: impl RangeBounds<ResourceSize>) -> Result<Owned<'a, T>> {
        let inner = T::map(self.part(part)?)?;
        Ok(self.owned(inner))
    }

    /// Maps a part as registers.
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    #[track_caller]
    pub fn bar(&self, part: impl RangeBounds<ResourceSize>) -> Result<Bar<'a>> {
        self.map(part)
    }

    /// Maps a part write combining.
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    #[track_caller]
    pub fn wc(&self, part: impl RangeBounds<ResourceSize>) -> Result<WcBar<'a>> {
        self.map(part)
    }

    /// Maps a part with `options`, see [`Owned::iomap_with`].
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map), and `EBUSY` as [`Owned::iomap_with`].
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    #[track_caller]
    pub fn map_with<T: From<Mapping>>(
        &self,
        part: impl RangeBounds<ResourceSize>,
        options: Options,
    ) -> Result<Owned<'a, T>> {
        let inner = self.part(part)?.map(options)?.into();
        Ok(self.owned(inner))
    }

    /// Makes a part an aperture, see [`Aperture::new`].
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map), and `EINVAL` if the part does not begin at a page.
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    #[track_caller]
    pub fn aperture(
        &self,
        part: impl RangeBounds<ResourceSize>,
        options: Options,
        strategy: Strategy,
    ) -> Result<Aperture<'a>> {
        let inner = IoMapping::of_bar(self.part(part)?, options, strategy)?;
        Ok(self.owned(inner))
    }

    fn part(&self, part: impl RangeBounds<ResourceSize>) -> Result<BarRange<'_>> {
        let (offset, size) = offset_and_size(&part, self.size())
            .ok_or(EINVAL)
            .inspect_err(|&err| counters::count_refusal(err))?;
        // SAFETY: Only `owned` keeps what is made of the range, with a reference to the request.
        unsafe { self.0.part(offset, size) }
    }

    fn owned<T>(&self, inner: T) -> Owned<'a, T> {
        let region = Right::Shared(self.0.clone());
        Owned { inner, region }
    }
}

/// Returns where `part` of `len` bytes or ports begins and how many it has; `None` if it ends before it
/// begins.
fn offset_and_size(
    part: &impl RangeBounds<ResourceSize>,
    len: ResourceSize,
) -> Option<(ResourceSize, ResourceSize)> {
    let start = match part.start_bound() {
        RangeBound::Included(&start) => start,
        RangeBound::Excluded(&before) => before.checked_add(1)?,
        RangeBound::Unbounded => 0,
    };
    let end = match part.end_bound() {
        RangeBound::Included(&last) => last.checked_add(1)?,
        RangeBound::Excluded(&end) => end,
        RangeBound::Unbounded => len,
    };
    Some((start, end.checked_sub(start)?))
}
