// SPDX-License-Identifier: GPL-2.0

//! L3: a BAR of a PCI device: the right to it (a region request) and a mapping, bound to the
//! device.
//!
//! ```
//! use io_mapping_rs::pci::Bar;
//! use kernel::{device::Bound, io::Io, pci, prelude::*};
//!
//! fn first_register(pdev: &pci::Device<Bound>) -> Result<u32> {
//!     let bar = Bar::iomap(pdev, 0, 0, c"my-driver")?;
//!     bar.try_read32(0)
//! }
//! ```
//!
//! | | the BAR is of | gives |
//! |---|---|---|
//! | [`Bar`] | memory | registers: the accessors of the kernel crate's `Io` |
//! | [`WcBar`] | memory | write-combining memory: [`Wc`](crate::io::Wc) |
//! | [`PortBar`] | I/O ports | the same accessors, but for 64 bits and copies |
//! | [`IoBar`] | either | as `PortBar` |
//! | [`Aperture`] | memory | pieces, mapped when they are asked for |
//!
//! C: `pci_iomap()` in [`drivers/pci/iomap.c`](srctree/drivers/pci/iomap.c), `pcim_iomap_region()`
//! in [`drivers/pci/devres.c`](srctree/drivers/pci/devres.c)

use crate::{
    cache_mode::CacheMode,
    io_mapping::{IoMapping, Strategy},
    io_region::IoRegion,
    ioremap::{Mapping, Options, WcMapping},
    ports::Ports,
    resource::{self, BarRegion},
};
use core::ops::Deref;
use kernel::{
    device::{Bound, Core},
    devres::DevresLt,
    io::{PhysAddr, ResourceSize},
    pci::Device,
    prelude::*,
    types::{CovariantForLt, ForLt},
};

mod part;
pub use part::FromBar;
use part::Part;

/// Turns the device on: its memory and its I/O ports answer (C: `pci_enable_device()`). The kernel
/// crate's `enable_device_mem()` leaves ports off.
///
/// # Errors
///
/// Those of the PCI core, such as `EINVAL` where a BAR could not be assigned.
///
/// # Context
///
/// May sleep.
pub fn enable_device(pdev: &Device<Core<'_>>) -> Result {
    resource::enable_device(pdev)
}

/// Something mapped, `T`, together with the region request of the BAR that it maps.
///
/// Unmapped first and released then, on drop. What can be done with it is what can be done with the
/// `T`, by [`Deref`]: to pass it on as an [`Io`](kernel::io::Io) say `&*bar`.
pub struct Owned<'a, T> {
    inner: T,
    region: BarRegion<'a>,
}

/// A BAR of memory, requested and mapped.
pub type Bar<'a> = Owned<'a, Mapping>;

/// A BAR of memory, requested and mapped write combining.
pub type WcBar<'a> = Owned<'a, WcMapping>;

/// A BAR of I/O ports, requested.
pub type PortBar<'a> = Owned<'a, Ports>;

/// A BAR of memory or of I/O ports, requested and mapped.
pub type IoBar<'a> = Owned<'a, IoRegion>;

/// A BAR of memory, requested, as an aperture to map pieces of.
pub type Aperture<'a> = Owned<'a, IoMapping>;

/// A [`Bar`] in the care of its device, see [`Owned::into_devres`].
pub type DevresBar = DevresLt<Bar<'static>>;

/// An [`IoBar`] in the care of its device, see [`Owned::into_devres`].
pub type DevresIoBar = DevresLt<IoBar<'static>>;

/// An [`Aperture`] in the care of its device, see [`Owned::into_devres`].
pub type DevresAperture = DevresLt<Aperture<'static>>;

impl<'a, T: FromBar> Owned<'a, T> {
    /// Requests BAR `bar` in the name of `name` and maps it, but no more than the first `maxlen`
    /// bytes of it unless that is 0 (C: `pci_iomap()`, which requests nothing).
    ///
    /// Registers are mapped uncached-minus, a [`WcBar`] is mapped write combining.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there is no such BAR, `ENODEV` where it is not assigned or not of the kind
    /// wanted, `EBUSY` where another driver has it; those of [`Options::map`].
    ///
    /// # Context
    ///
    /// May sleep.
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
    /// As [`iomap_range`](Self::iomap_range), mapped with `options`.
    ///
    /// # Errors
    ///
    /// As [`iomap_range`](Self::iomap_range).
    ///
    /// # Context
    ///
    /// May sleep.
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
        let region = BarRegion::request(pdev, bar, Mapping::KINDS, name)?;
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

impl<T> Owned<'_, T> {
    /// The physical address of the BAR, or its first port: not where a mapping of a part begins.
    pub fn bar_start(&self) -> PhysAddr {
        self.region.start()
    }

    /// Bytes or ports of the whole BAR.
    pub fn bar_size(&self) -> ResourceSize {
        self.region.size()
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
