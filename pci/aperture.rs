// SPDX-License-Identifier: GPL-2.0

//! A BAR as an aperture.

use super::{Aperture, FromBar};
use crate::io_mapping::{IoMapping, Strategy};
use crate::ioremap::{Mapping, Options};
use crate::mm::cache_mode::CacheMode;
use crate::pci::region::BarRegion;
use kernel::{device::Bound, pci::Device, prelude::*};

impl<'a> Aperture<'a> {
    /// Requests BAR `bar` in the name of `name`, as a write-combining aperture
    /// (C: `pci_request_region()` and `io_mapping_create_wc()`).
    ///
    /// # Errors
    ///
    /// As [`Aperture::new`].
    ///
    /// # Context
    ///
    /// May sleep.
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
    ///     screen.map(0, 64 << 10)?.try_fill(0, 64 << 10, 0)
    /// }
    /// ```
    #[track_caller]
    pub fn new_wc(pdev: &'a Device<Bound>, bar: u32, name: &'static CStr) -> Result<Self> {
        let options = Options::new(CacheMode::WriteCombining);
        Self::new(pdev, bar, name, options, Strategy::Auto)
    }

    /// Requests BAR `bar` in the name of `name`, as an aperture mapped with `options` by
    /// `strategy`.
    ///
    /// # Errors
    ///
    /// Those of [`Bar::iomap_with`](super::Bar::iomap_with), and `EINVAL` for a BAR that is not
    /// page-aligned.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, pci::Aperture, CacheMode, Strategy};
    /// use kernel::{device::Bound, pci, prelude::*};
    ///
    /// /// A terabyte of which the driver looks at a page now and then.
    /// fn memory<'a>(pdev: &'a pci::Device<Bound>) -> Result<Aperture<'a>> {
    ///     let options = Options::new(CacheMode::UncachedMinus);
    ///     Aperture::new(pdev, 2, c"my-driver", options, Strategy::Sparse)
    /// }
    /// ```
    #[track_caller]
    pub fn new(
        pdev: &'a Device<Bound>,
        bar: u32,
        name: &'static CStr,
        options: Options,
        strategy: Strategy,
    ) -> Result<Self> {
        let region = BarRegion::request(pdev, bar, Mapping::KINDS, name)?;
        let options = options.in_requested_region();
        // SAFETY: A BAR of memory, which we have requested and keep for longer than the aperture.
        let inner =
            unsafe { IoMapping::with_strategy(region.start(), region.size(), options, strategy)? };
        Ok(Self { inner, region })
    }
}

impl Aperture<'_> {
    /// As [`IoMapping::trim`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::pci::Aperture;
    ///
    /// /// Called on suspend: nothing is mapped, so that there is nothing to keep.
    /// fn suspend(memory: &mut Aperture<'_>) {
    ///     memory.trim();
    /// }
    /// ```
    pub fn trim(&mut self) {
        self.inner.trim();
    }
}
