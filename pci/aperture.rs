// SPDX-License-Identifier: GPL-2.0

//! The methods of a BAR that is an aperture.

use super::request::{BarRange, Request, Right};
use super::{Aperture, FromBar};
use crate::io_mapping::{IoMapping, Map, Strategy};
use crate::ioremap::{Mapping, Options, ResourceSize};
use crate::mm::cache_mode::CacheMode;
use kernel::{device::Bound, pci::Device, prelude::*};

impl<'a> Aperture<'a> {
    /// Requests BAR `bar` in the name of `name` and makes it a write-combining aperture
    /// (C: `pci_request_region()` and `io_mapping_create_wc()`).
    ///
    /// # Errors
    ///
    /// As [`Aperture::new`].
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::pci::Aperture;
    /// use kernel::{device::Bound, pci, prelude::*};
    ///
    /// /// Clears the first 64 KiB of a frame buffer.
    /// fn clear(pdev: &pci::Device<Bound>) -> Result {
    ///     let screen = Aperture::new_wc(pdev, 0, c"my-driver")?;
    ///     let start = screen.map(0, 64 << 10)?;
    ///     start.try_fill(0, 64 << 10, 0)
    /// }
    /// ```
    #[track_caller]
    pub fn new_wc(pdev: &'a Device<Bound>, bar: u32, name: &CStr) -> Result<Self> {
        let options = Options::new(CacheMode::WriteCombining);
        Self::new(pdev, bar, name, options, Strategy::Auto)
    }

    /// Requests BAR `bar` in the name of `name` and makes it an aperture whose parts are mapped
    /// with `options` by `strategy`.
    ///
    /// # Errors
    ///
    /// Those of [`Bar::iomap_with`](super::Bar::iomap_with), and `EINVAL` if the BAR is not
    /// page-aligned.
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, pci::Aperture, CacheMode, Strategy};
    /// use kernel::{device::Bound, pci, prelude::*};
    ///
    /// /// A terabyte of which the driver rarely needs more than a page.
    /// fn memory<'a>(pdev: &'a pci::Device<Bound>) -> Result<Aperture<'a>> {
    ///     let options = Options::new(CacheMode::UncachedMinus);
    ///     Aperture::new(pdev, 2, c"my-driver", options, Strategy::Sparse)
    /// }
    /// ```
    #[track_caller]
    pub fn new(
        pdev: &'a Device<Bound>,
        bar: u32,
        name: &CStr,
        options: Options,
        strategy: Strategy,
    ) -> Result<Self> {
        let region = Request::new(pdev, bar, Mapping::KINDS, name)?;
        // SAFETY: `Owned` drops `inner` before `region`.
        let range = unsafe { region.range(0, 0)? };
        let inner = IoMapping::of_bar(range, options, strategy)?;
        Ok(Self {
            inner,
            region: Right::Alone(region),
        })
    }
}

impl IoMapping {
    /// Makes a range of a BAR an aperture.
    ///
    /// # Errors
    ///
    /// Those of [`BarRange::options`] and of [`IoMapping::with_strategy`].
    #[track_caller]
    pub(super) fn of_bar(
        range: BarRange<'_>,
        options: Options,
        strategy: Strategy,
    ) -> Result<Self> {
        let options = range.options(options)?;
        let _msix = range.msix_mapping(&options);
        // SAFETY: By the invariant of `BarRange` the range is within a BAR, which is of memory, as
        // `options` has found, and ours for longer than the aperture.
        unsafe { Self::with_strategy(range.start(), range.size(), options, strategy) }
    }
}

impl Aperture<'_> {
    /// As [`IoMapping::trim`]. A driver may call it when its device is suspended.
    pub fn trim(&mut self) {
        self.inner.trim();
    }

    /// As [`IoMapping::map_or_trim`].
    ///
    /// # Errors
    ///
    /// As [`IoMapping::map_or_trim`].
    ///
    /// # Context
    ///
    /// As [`IoMapping::map`].
    pub fn map_or_trim(&mut self, offset: ResourceSize, size: ResourceSize) -> Result<Map<'_>> {
        self.inner.map_or_trim(offset, size)
    }
}
