// SPDX-License-Identifier: GPL-2.0

//! L3: a BAR of a PCI device: the right to it (a region request) and a mapping, bound to the
//! device.
//!
//! ```
//! use io_mapping_rs::pci::Bar;
//! use kernel::{device::Bound, io::Io, pci, prelude::*};
//!
//! fn first_register(pdev: &pci::Device<Bound>) -> Result<u32> {
//!     let bar = Bar::iomap(pdev, 0, c"my-driver")?;
//!     bar.try_read32(0)
//! }
//! ```
//!
//! C: `pcim_iomap_region()` in [`drivers/pci/devres.c`](srctree/drivers/pci/devres.c)

use crate::{
    cache_mode::CacheMode,
    io::{Backend, Shared, View},
    io_mapping::{IoMapping, Strategy},
    ioremap::{Mapping, Options},
    resource::BarRegion,
};
use core::ops::Deref;
use kernel::{
    device::Bound,
    devres::DevresLt,
    io::{IoBase, Region},
    pci::Device,
    prelude::*,
    types::{CovariantForLt, ForLt},
};

/// Something mapped, `T`, together with the region request of the BAR that it maps.
///
/// Unmapped first and released then, on drop.
pub struct Owned<'a, T> {
    inner: T,
    region: BarRegion<'a>,
}

/// A BAR of memory, requested and mapped.
pub type Bar<'a> = Owned<'a, Mapping>;

/// A BAR of memory, requested, as an aperture to map pieces of.
pub type Aperture<'a> = Owned<'a, IoMapping>;

/// A [`Bar`] in the care of its device, see [`Owned::into_devres`].
pub type DevresBar = DevresLt<Bar<'static>>;

/// An [`Aperture`] in the care of its device, see [`Owned::into_devres`].
pub type DevresAperture = DevresLt<Aperture<'static>>;

impl<'a> Bar<'a> {
    /// Requests BAR `bar` in the name of `name` and maps all of it for registers (uncached-minus).
    ///
    /// # Errors
    ///
    /// As [`Bar::iomap_with`].
    pub fn iomap(pdev: &'a Device<Bound>, bar: u32, name: &'static CStr) -> Result<Self> {
        Self::iomap_with(pdev, bar, name, Options::new(CacheMode::UncachedMinus))
    }

    /// As [`Bar::iomap`], write combining.
    ///
    /// # Errors
    ///
    /// As [`Bar::iomap_with`].
    pub fn iomap_wc(pdev: &'a Device<Bound>, bar: u32, name: &'static CStr) -> Result<Self> {
        Self::iomap_with(pdev, bar, name, Options::new(CacheMode::WriteCombining))
    }

    /// As [`Bar::iomap`], mapped with `options`.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there is no such BAR, `ENODEV` where it is not assigned or is a BAR of I/O
    /// ports, `EBUSY` where another driver has it; those of [`Options::map`].
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn iomap_with(
        pdev: &'a Device<Bound>,
        bar: u32,
        name: &'static CStr,
        options: Options,
    ) -> Result<Self> {
        let region = BarRegion::request(pdev, bar, name)?;
        // SAFETY: A BAR of memory, which we have requested and keep for longer than the mapping.
        let inner = unsafe {
            options
                .across_resources()
                .map(region.start(), region.size())?
        };
        Ok(Self { inner, region })
    }
}

impl<'a> Aperture<'a> {
    /// Requests BAR `bar` in the name of `name`, as a write-combining aperture.
    ///
    /// # Errors
    ///
    /// As [`Aperture::new`].
    pub fn new_wc(pdev: &'a Device<Bound>, bar: u32, name: &'static CStr) -> Result<Self> {
        let options = Options::new(CacheMode::WriteCombining);
        Self::new(pdev, bar, name, options, Strategy::Auto)
    }

    /// Requests BAR `bar` in the name of `name`, as an aperture mapped with `options` by
    /// `strategy`.
    ///
    /// # Errors
    ///
    /// Those of [`Bar::iomap_with`], and `EINVAL` for a BAR that is not page-aligned.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn new(
        pdev: &'a Device<Bound>,
        bar: u32,
        name: &'static CStr,
        options: Options,
        strategy: Strategy,
    ) -> Result<Self> {
        let region = BarRegion::request(pdev, bar, name)?;
        let options = options.across_resources();
        // SAFETY: A BAR of memory, which we have requested and keep for longer than the aperture.
        let inner =
            unsafe { IoMapping::with_strategy(region.start(), region.size(), options, strategy)? };
        Ok(Self { inner, region })
    }
}

impl Aperture<'_> {
    /// As [`IoMapping::trim`].
    pub fn trim(&mut self) {
        self.inner.trim();
    }
}

impl<T: Send + 'static> Owned<'_, T> {
    /// Hands the mapping to its device, which drops it when the driver is unbound. The result can
    /// be kept anywhere; it gives access for as long as the device is bound.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn into_devres(self) -> Result<DevresLt<Owned<'static, T>>> {
        let pdev = self.region.device();
        // SAFETY: What is kept is a reference to the device and its mapping, both valid for as long
        // as the device is bound, not just for `'a`.
        unsafe { DevresLt::new(pdev.as_ref(), self) }
    }
}

impl<T: 'static> ForLt for Owned<'static, T> {
    type Of<'a> = Owned<'a, T>;
}

// SAFETY: `Owned<'a, T>` holds `&'a Device<Bound>`, which is covariant, and a `T` without it.
unsafe impl<T: 'static> CovariantForLt for Owned<'static, T> {}

impl<T> Deref for Owned<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<'a> IoBase<'a> for &'a Bar<'_> {
    type Backend = Backend<Shared>;
    type Target = Region;

    #[inline(always)]
    fn as_view(self) -> View<'a, Region, Shared> {
        (&**self).as_view()
    }
}
