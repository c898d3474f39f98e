// SPDX-License-Identifier: GPL-2.0

//! BARs of a PCI device, requested and mapped for as long as the device is bound.
//!
//! ```
//! use io_mapping_rs::pci::Bar;
//! use kernel::{device::Bound, pci, prelude::*};
//!
//! fn first_register(pdev: &pci::Device<Bound>) -> Result<u32> {
//!     let bar = Bar::iomap(pdev, 0, 0, c"my-driver")?;
//!     bar.try_read32(0)
//! }
//! ```
//!
//! | type | the BAR is of | access |
//! |---|---|---|
//! | [`Bar`] | memory | registers: the accessors of the kernel crate's `Io` |
//! | [`WcBar`] | memory | write-combining memory: [`Wc`](crate::io::Wc) |
//! | [`PortBar`] | I/O ports | the accessors of `Io`, except 64-bit ones and copies |
//! | [`IoBar`] | either | as `PortBar` |
//! | [`Aperture`] | memory | parts of it, mapped when they are needed |
//!
//! Each requests its BAR. For parts of one BAR with different cache modes there is [`BarRegion`].
//!
//! To request a BAR and to map it allocates memory, so that it is not for shrinkers: see [`io_mapping`](crate::io_mapping).
//!
//! The device answers while there is an [`Enabled`] of it. Dropping a BAR unmaps and releases it.
//! Where a borrow of the device cannot be kept, as in an open file,
//! [`into_devres`](Owned::into_devres) hands the BAR to the device, which drops it when the driver
//! is unbound. So does [`into_sleepable_devres`](Owned::into_sleepable_devres), for access that may
//! sleep.
//!
//! C: `pci_iomap()` in [`drivers/pci/iomap.c`](srctree/drivers/pci/iomap.c), `pcim_iomap_region()`
//! in [`drivers/pci/devres.c`](srctree/drivers/pci/devres.c)

use crate::io_mapping::IoMapping;
use crate::ioremap::io_region::IoRegion;
use crate::ioremap::ports::Ports;
use crate::ioremap::{Mapping, Options, PhysAddr, ResourceSize, WcMapping};
use crate::mm::reclaim;
use core::ops::Deref;
use kernel::{
    device::Bound,
    devres::DevresLt,
    pci::Device,
    prelude::*,
    types::{CovariantForLt, ForLt},
};

mod aperture;
mod bar_region;
pub mod claim;
mod enabled;
mod from_bar;
mod request;
mod sleepable;
pub use bar_region::BarRegion;
pub use enabled::{enable_device, enable_device_mem, Enabled};
pub use from_bar::FromBar;
use request::{Request, Right};
pub use sleepable::{SleepableAperture, SleepableBar, SleepableDevres};

/// A `T` that maps a BAR, together with the region request of the BAR.
///
/// It lends the `T` by [`Deref`]. A function that takes an [`Io`](kernel::io::Io) gets `&*bar`.
/// When it is dropped, which may sleep and may be done in reclaim, the BAR is unmapped and then released.
pub struct Owned<'a, T> {
    // Dropped in this order.
    inner: T,
    region: Right<'a>,
}

/// A BAR of memory, mapped as registers. It lends a [`Mapping`].
///
/// It is uncached-minus or uncached, whatever others have mapped: where that cannot be had, as other
/// mappings of the same page are write combining, it is `EBUSY`. (Only [`iomap_with`](Self::iomap_with)
/// maps with other modes, for what is no registers.)
pub type Bar<'a> = Owned<'a, Mapping>;

/// A BAR of memory, mapped write combining. If the device has its MSI-X table in it, and the driver has
/// asked for interrupts, it is uncached-minus like the kernel's mapping of the table.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::IoExt, pci::{Bar, WcBar}};
/// use kernel::{device::Bound, pci, prelude::*};
///
/// fn send(pdev: &pci::Device<Bound>, registers: &Bar<'_>, packet: &[u8]) -> Result {
///     let memory = WcBar::iomap(pdev, 2, 0, c"my-driver")?;
///     let mut queue = memory.wc();
///     queue.try_copy_from_slice(0, packet)?;
///     registers.try_doorbell::<u32>(0x8)?.ring(1, queue.flush());
///     Ok(())
/// }
/// ```
pub type WcBar<'a> = Owned<'a, WcMapping>;

/// A BAR of I/O ports. It is requested only: ports need no mapping.
pub type PortBar<'a> = Owned<'a, Ports>;

/// A BAR of memory or of I/O ports. Memory is mapped as that of a [`Bar`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::IoBar;
/// use kernel::{device::Bound, pci, prelude::*};
///
/// /// The registers are in the memory of BAR 1 or, on old devices, in the ports of BAR 0.
/// fn registers<'a>(pdev: &'a pci::Device<Bound>) -> Result<IoBar<'a>> {
///     let map = |bar| IoBar::iomap(pdev, bar, 0x100, c"my-driver");
///     map(1).or_else(|_| map(0))
/// }
/// ```
pub type IoBar<'a> = Owned<'a, IoRegion>;

/// A BAR of memory, of which parts are mapped when they are needed. It lends an [`IoMapping`].
pub type Aperture<'a> = Owned<'a, IoMapping>;

/// A [`Bar`] that belongs to its device, see [`Owned::into_devres`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::DevresBar;
/// use kernel::prelude::*;
///
/// /// What an open file in `/dev` keeps. The driver may be unbound while it is open.
/// struct File {
///     registers: DevresBar,
/// }
///
/// impl File {
///     fn status(&self) -> Result<u32> {
///         self.registers.try_access().ok_or(ENODEV)?.try_read32(0x4)
///     }
/// }
/// ```
pub type DevresBar = DevresLt<Bar<'static>>;

/// An [`IoBar`] that belongs to its device, see [`Owned::into_devres`].
pub type DevresIoBar = DevresLt<IoBar<'static>>;

/// An [`Aperture`] that belongs to its device, see [`Owned::into_devres`].
pub type DevresAperture = DevresLt<Aperture<'static>>;

impl<'a, T: FromBar> Owned<'a, T> {
    /// Requests BAR `bar` in the name of `name` and maps it. Unless `maxlen` is 0, no more than its
    /// first `maxlen` bytes or ports are mapped (C: `pci_iomap()`, which requests nothing).
    ///
    /// A [`WcBar`] is mapped write combining, any other BAR of memory uncached-minus.
    ///
    /// # Errors
    ///
    /// | | |
    /// |---|---|
    /// | `EINVAL` | there is no such BAR |
    /// | `ENODEV` | it is not assigned, or of another kind than `T` can be made of |
    /// | `EBUSY` | another driver has requested it |
    ///
    /// and those of [`Options::map`].
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    #[track_caller]
    pub fn iomap(
        pdev: &'a Device<Bound>,
        bar: u32,
        maxlen: ResourceSize,
        name: &CStr,
    ) -> Result<Self> {
        Self::iomap_range(pdev, bar, 0, maxlen, name)
    }

    /// As [`iomap`](Self::iomap), but maps from byte or port `offset` on (C: `pci_iomap_range()`).
    /// The whole BAR is requested.
    ///
    /// # Errors
    ///
    /// As [`iomap`](Self::iomap), and `EINVAL` if `offset` is not within the BAR.
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    #[track_caller]
    pub fn iomap_range(
        pdev: &'a Device<Bound>,
        bar: u32,
        offset: ResourceSize,
        maxlen: ResourceSize,
        name: &CStr,
    ) -> Result<Self> {
        let region = Request::new(pdev, bar, T::KINDS, name)?;
        // SAFETY: `Owned` drops `inner` before `region`.
        let range = unsafe { region.range(offset, maxlen)? };
        let inner = T::map(range)?;
        Ok(Self {
            inner,
            region: Right::Alone(region),
        })
    }
}

impl<'a, T: From<Mapping>> Owned<'a, T> {
    /// As [`iomap_range`](Self::iomap_range), but maps with `options`: a [`Bar`] or a [`WcBar`]. C has
    /// this for write combining only (`pci_iomap_wc_range()`).
    ///
    /// # Errors
    ///
    /// As [`iomap_range`](Self::iomap_range), and `EBUSY` where `options` are
    /// [`exact`](Options::exact), the mode is not uncached, and the device has its MSI-X table in this
    /// range: the kernel maps that uncached when the driver asks for interrupts. [`BarRegion`] maps
    /// the parts around the table.
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, pci::WcBar, CacheMode};
    /// use kernel::{device::Bound, pci, prelude::*};
    ///
    /// /// A queue. Refused where another mapping of it forces another mode.
    /// fn queue<'a>(pdev: &'a pci::Device<Bound>) -> Result<WcBar<'a>> {
    ///     let options = Options::new(CacheMode::WriteCombining).exact();
    ///     WcBar::iomap_with(pdev, 4, 0, 0, c"my-driver", options)
    /// }
    /// ```
    #[track_caller]
    pub fn iomap_with(
        pdev: &'a Device<Bound>,
        bar: u32,
        offset: ResourceSize,
        maxlen: ResourceSize,
        name: &CStr,
        options: Options,
    ) -> Result<Self> {
        let region = Request::new(pdev, bar, Mapping::KINDS, name)?;
        // SAFETY: `Owned` drops `inner` before `region`.
        let range = unsafe { region.range(offset, maxlen)? };
        let inner = range.map(options)?.into();
        Ok(Self {
            inner,
            region: Right::Alone(region),
        })
    }
}

impl<T> Owned<'_, T> {
    /// Returns the physical address of the whole BAR as the CPU sees it, or its first port
    /// (C: `pci_resource_start()`).
    pub fn bar_start(&self) -> PhysAddr {
        self.region.start()
    }

    /// Returns how many bytes or ports the whole BAR has, mapped or not (C: `pci_resource_len()`).
    pub fn bar_size(&self) -> ResourceSize {
        self.region.size()
    }
}

impl<T: Send + 'static> Owned<'_, T> {
    /// Hands the BAR to its device, which drops it when the driver is unbound. The result can be
    /// kept anywhere. It gives access for as long as the device is bound.
    ///
    /// # Errors
    ///
    /// `ENOMEM`: the BAR has been unmapped and released then.
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::pci::{Bar, DevresBar};
    /// use kernel::{device::Bound, pci, prelude::*, sync::Arc};
    ///
    /// /// Registers that the driver and its open files share.
    /// fn registers(pdev: &pci::Device<Bound>) -> Result<Arc<DevresBar>> {
    ///     let registers = Bar::iomap(pdev, 0, 0, c"my-driver")?;
    ///     Ok(Arc::new(registers.into_devres()?, GFP_KERNEL)?)
    /// }
    /// ```
    pub fn into_devres(self) -> Result<DevresLt<Owned<'static, T>>> {
        reclaim::may_allocate();
        let pdev = self.region.device();
        // SAFETY: `self` holds a reference to the device and what maps its BAR, both of which are
        // valid for as long as the device is bound, not just for the lifetime of `self`.
        unsafe { DevresLt::new(pdev.as_ref(), self) }
    }
}

impl<T: Send + Sync + 'static> Owned<'_, T> {
    /// As [`into_devres`](Self::into_devres), with access that may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`: the BAR has been unmapped and released then.
    ///
    /// # Context
    ///
    /// As [`Options::map`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::pci::SleepableAperture;
    /// use kernel::prelude::*;
    ///
    /// /// Copies 64 KiB to the device and waits until it has used them. `wait` may sleep.
    /// fn run(memory: &SleepableAperture, input: &[u8], wait: impl Fn() -> Result<bool>) -> Result {
    ///     memory.try_access_with(|aperture| {
    ///         let ring = aperture.map(0, 0x10000)?;
    ///         ring.try_copy_from_slice(0, input)?;
    ///         while !wait()? {
    ///             // Someone waits for this task, to take the BAR back.
    ///             if memory.is_revoked() {
    ///                 return Err(ENODEV);
    ///             }
    ///         }
    ///         Ok(())
    ///     })?
    /// }
    /// ```
    pub fn into_sleepable_devres(self) -> Result<SleepableDevres<T>> {
        reclaim::may_allocate();
        let pdev = self.region.device();
        // SAFETY: As in `into_devres`: `self` holds a reference to the device `pdev` and what maps
        // its BAR, both of which are valid for as long as the device is bound.
        unsafe { SleepableDevres::new(pdev.as_ref(), self) }
    }
}

impl<T: 'static> ForLt for Owned<'static, T> {
    type Of<'a> = Owned<'a, T>;
}

// SAFETY: `Owned<'a, T>` is covariant in `'a`: it holds an `&'a Device<Bound>`, and a `T` that does
// not depend on `'a`.
unsafe impl<T: 'static> CovariantForLt for Owned<'static, T> {}

impl<T> Deref for Owned<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.inner
    }
}
