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
//! The device answers once [`enable_device`] has turned it on. A BAR is unmapped and released when
//! it is dropped. One that must outlive a borrow of the device, as in an open file, is handed to
//! the device by [`into_devres`](Owned::into_devres), and goes when the driver is unbound.
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

use crate::bindings;
use crate::io_mapping::IoMapping;
use crate::ioremap::io_region::IoRegion;
use crate::ioremap::ports::Ports;
use crate::ioremap::{Mapping, WcMapping};
use crate::pci::region::BarRegion;
use core::ops::Deref;
use kernel::{
    device::Core,
    devres::DevresLt,
    io::{PhysAddr, ResourceSize},
    pci::Device,
    prelude::*,
    types::{CovariantForLt, ForLt},
};

mod aperture;
mod iomap;
mod part;
mod region;
pub use part::FromBar;

/// Turns the device on: its memory and its I/O ports answer (C: `pci_enable_device()`). The kernel
/// crate's `enable_device_mem()` leaves ports off.
///
/// # Errors
///
/// Those of the PCI core, such as `EINVAL` where a BAR could not be assigned.
///
/// # Context
///
/// May sleep. While the driver is being probed, which the [`Core`] context says.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::{enable_device, PortBar};
/// use kernel::{device::Core, pci, prelude::*};
///
/// /// Called by `probe()`.
/// fn ports<'a>(pdev: &'a pci::Device<Core<'_>>) -> Result<PortBar<'a>> {
///     enable_device(pdev)?;
///     PortBar::iomap(pdev, 1, 0, c"my-driver")
/// }
/// ```
pub fn enable_device(pdev: &Device<Core<'_>>) -> Result {
    bindings::pci::enable_device(pdev)
}

/// Something mapped, `T`, together with the region request of the BAR that it maps.
///
/// Unmapped first and released then, on drop, which may sleep. What can be done with it is what can
/// be done with the `T`, by [`Deref`]: to pass it on as an [`Io`](kernel::io::Io) say `&*bar`.
/// [`iomap`](Owned::iomap) makes one.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::{FromBar, Owned};
/// use kernel::{device::Bound, pci, prelude::*};
///
/// /// For a BAR of whatever kind the caller names: `Bar`, `PortBar`, ...
/// fn first<'a, T: FromBar>(pdev: &'a pci::Device<Bound>) -> Result<Owned<'a, T>> {
///     Owned::iomap(pdev, 0, 0, c"my-driver")
/// }
/// ```
pub struct Owned<'a, T> {
    inner: T,
    region: BarRegion<'a>,
}

/// A BAR of memory, requested and mapped. Lends what a [`Mapping`] lends.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::Bar;
/// use kernel::{io::{register, Io}, prelude::*};
///
/// register! {
///     CONTROL(u32) @ 0x0 {
///         0:0 enable;
///     }
/// }
///
/// fn enable(registers: &Bar<'_>) -> Result {
///     registers.try_update(CONTROL, |control| control.with_enable(true))
/// }
/// ```
pub type Bar<'a> = Owned<'a, Mapping>;

/// A BAR of memory, requested and mapped write combining.
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

/// A BAR of I/O ports, requested: there is nothing to map.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::PortBar;
/// use kernel::{io::Io, prelude::*};
///
/// /// A device of the time before memory: select a register, then read it.
/// fn indirect(ports: &PortBar<'_>, register: u8) -> Result<u8> {
///     ports.try_write8(register, 0)?;
///     ports.try_read8(1)
/// }
/// ```
pub type PortBar<'a> = Owned<'a, Ports>;

/// A BAR of memory or of I/O ports, requested and mapped.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::IoBar;
/// use kernel::{device::Bound, io::Io, pci, prelude::*};
///
/// /// BAR 1 has the registers in memory, unless it is not there: then BAR 0, in ports.
/// fn registers<'a>(pdev: &'a pci::Device<Bound>) -> Result<IoBar<'a>> {
///     let map = |bar| IoBar::iomap(pdev, bar, 0x100, c"my-driver");
///     map(1).or_else(|_| map(0))
/// }
/// ```
pub type IoBar<'a> = Owned<'a, IoRegion>;

/// A BAR of memory, requested, as an aperture to map pieces of.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::Aperture;
/// use kernel::prelude::*;
///
/// /// Writes a log entry where the device looks for it: of a large BAR, one page is mapped.
/// fn log(memory: &Aperture<'_>, entry: &[u8]) -> Result {
///     let page = memory.map_local(memory.size() - 4096)?;
///     page.try_copy_from_slice(0, entry)
/// }
/// ```
pub type Aperture<'a> = Owned<'a, IoMapping>;

/// A [`Bar`] in the care of its device, see [`Owned::into_devres`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::DevresBar;
/// use kernel::{io::Io, prelude::*};
///
/// /// What a file in `/dev` keeps, for longer than the driver is bound.
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

/// An [`IoBar`] in the care of its device, see [`Owned::into_devres`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::DevresIoBar;
/// use kernel::{device::{Bound, Device}, io::Io, prelude::*};
///
/// /// `dev` proves that the device is bound: nothing has to be locked.
/// fn status(registers: &DevresIoBar, dev: &Device<Bound>) -> Result<u8> {
///     registers.access(dev)?.try_read8(0x2)
/// }
/// ```
pub type DevresIoBar = DevresLt<IoBar<'static>>;

/// An [`Aperture`] in the care of its device, see [`Owned::into_devres`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::DevresAperture;
/// use kernel::prelude::*;
///
/// fn read(memory: &DevresAperture, page: u64, data: &mut [u8]) -> Result {
///     let memory = memory.try_access().ok_or(ENODEV)?;
///     memory.map_local(page << 12)?.try_copy_to_slice(0, data)
/// }
/// ```
pub type DevresAperture = DevresLt<Aperture<'static>>;

impl<T> Owned<'_, T> {
    /// The physical address of the BAR as the CPU sees it, or its first port: not where a mapping
    /// of a part begins (C: `pci_resource_start()`).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::pci::IoBar;
    /// use kernel::{device::Device, prelude::*};
    ///
    /// fn report(dev: &Device, bar: &IoBar<'_>) {
    ///     dev_info!(dev, "BAR at {:#x}\n", bar.bar_start());
    /// }
    /// ```
    pub fn bar_start(&self) -> PhysAddr {
        self.region.start()
    }

    /// Bytes or ports of the whole BAR, not just of the part that is mapped
    /// (C: `pci_resource_len()`).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::pci::Bar;
    ///
    /// /// Whether more was there than the driver had mapped, and knows.
    /// fn is_newer(registers: &Bar<'_>) -> bool {
    ///     registers.bar_size() > registers.size() as u64
    /// }
    /// ```
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
    /// `ENOMEM`: everything is unmapped and released then.
    ///
    /// # Context
    ///
    /// May sleep.
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
