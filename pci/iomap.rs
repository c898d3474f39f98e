// SPDX-License-Identifier: GPL-2.0

//! From a BAR to what is mapped.

use super::{part::Part, Bar, FromBar, Owned};
use crate::ioremap::{Mapping, Options};
use crate::pci::region::BarRegion;
use kernel::{device::Bound, io::ResourceSize, pci::Device, prelude::*};

impl<'a, T: FromBar> Owned<'a, T> {
    /// Requests BAR `bar` in the name of `name` and maps it, but no more than the first `maxlen`
    /// bytes (or ports) of it unless that is 0 (C: `pci_iomap()`, which requests nothing).
    ///
    /// Registers are mapped uncached-minus, a [`WcBar`](super::WcBar) is mapped write combining.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there is no such BAR, `ENODEV` where it is not assigned or not of the kind
    /// wanted, `EBUSY` where another driver has it; those of [`Options::map`].
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::pci::Bar;
    /// use kernel::{device::Bound, io::Io, pci, prelude::*};
    ///
    /// /// Of a BAR of megabytes the first page will do.
    /// fn version(pdev: &pci::Device<Bound>) -> Result<u32> {
    ///     Bar::iomap(pdev, 0, 0x1000, c"my-driver")?.try_read32(0x0)
    /// }
    /// ```
    #[track_caller]
    pub fn iomap(
        pdev: &'a Device<Bound>,
        bar: u32,
        maxlen: ResourceSize,
        name: &'static CStr,
    ) -> Result<Self> {
        Self::iomap_range(pdev, bar, 0, maxlen, name)
    }

    /// As [`iomap`](Self::iomap), from byte `offset` on (C: `pci_iomap_range()`). The whole BAR is
    /// requested.
    ///
    /// # Errors
    ///
    /// As [`iomap`](Self::iomap), and `EINVAL` where `offset` is not within the BAR.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::pci::WcBar;
    /// use kernel::{device::Bound, pci, prelude::*};
    ///
    /// /// The second half of BAR 2 is a queue.
    /// fn queue<'a>(pdev: &'a pci::Device<Bound>) -> Result<WcBar<'a>> {
    ///     let half = pdev.resource_len(2)? / 2;
    ///     WcBar::iomap_range(pdev, 2, half, 0, c"my-driver")
    /// }
    /// ```
    #[track_caller]
    pub fn iomap_range(
        pdev: &'a Device<Bound>,
        bar: u32,
        offset: ResourceSize,
        maxlen: ResourceSize,
        name: &'static CStr,
    ) -> Result<Self> {
        let region = BarRegion::request(pdev, bar, T::KINDS, name)?;
        let inner = T::map(Part::new(&region, offset, maxlen)?)?;
        Ok(Self { inner, region })
    }
}

impl<'a> Bar<'a> {
    /// As [`iomap_range`](Self::iomap_range), mapped with `options`. C has this for write combining
    /// only (`pci_iomap_wc_range()`).
    ///
    /// # Errors
    ///
    /// As [`iomap_range`](Self::iomap_range).
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, pci::Bar, CacheMode};
    /// use kernel::{device::Bound, pci, prelude::*};
    ///
    /// /// A table that is read all the time, and must not be cached by chance.
    /// fn table<'a>(pdev: &'a pci::Device<Bound>) -> Result<Bar<'a>> {
    ///     let options = Options::new(CacheMode::WriteThrough).exact();
    ///     Bar::iomap_with(pdev, 4, 0, 0, c"my-driver", options)
    /// }
    /// ```
    #[track_caller]
    pub fn iomap_with(
        pdev: &'a Device<Bound>,
        bar: u32,
        offset: ResourceSize,
        maxlen: ResourceSize,
        name: &'static CStr,
        options: Options,
    ) -> Result<Self> {
        let region = BarRegion::request(pdev, bar, Mapping::KINDS, name)?;
        let inner = Part::new(&region, offset, maxlen)?.map(options)?;
        Ok(Self { inner, region })
    }
}
