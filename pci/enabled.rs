// SPDX-License-Identifier: GPL-2.0

//! A device that is enabled, and disabled again by whoever enabled it.

use crate::bindings::pci;
use kernel::{
    device::{Bound, Core},
    pci::Device,
    prelude::*,
};

/// A device that has been enabled. Dropping this undoes it (C: `pci_disable_device()`), which may
/// sleep.
///
/// The kernel counts how often a device has been enabled, and disables it when the count is back to
/// 0. Keep this in the driver's data, before the BARs: the fields are dropped in the order in which
/// they are declared, and so the device is disabled while nobody else has the BARs yet.
///
/// # Invariants
///
/// The device has been enabled once for this, and only `drop` undoes it.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::{enable_device_mem, Bar, Enabled};
/// use kernel::{device::Core, pci, prelude::*};
///
/// /// What the driver keeps of a device.
/// struct Data<'a> {
///     _enabled: Enabled<'a>,
///     registers: Bar<'a>,
/// }
///
/// /// Called by `probe()`.
/// fn data<'a>(pdev: &'a pci::Device<Core<'_>>) -> Result<Data<'a>> {
///     Ok(Data {
///         _enabled: enable_device_mem(pdev)?,
///         registers: Bar::iomap(pdev, 0, 0, c"my-driver")?,
///     })
/// }
/// ```
#[must_use = "the device is disabled when this is dropped"]
pub struct Enabled<'a>(&'a Device<Bound>);

/// Enables the device, so that its memory and its I/O ports answer (C: `pci_enable_device()`).
///
/// # Errors
///
/// Those of the PCI core, such as `EINVAL` if a BAR could not be assigned.
///
/// # Context
///
/// May sleep. Called while the driver is being probed, as the [`Core`] context says.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::{enable_device, Enabled, PortBar};
/// use kernel::{device::Core, pci, prelude::*};
///
/// /// Called by `probe()`.
/// fn ports<'a>(pdev: &'a pci::Device<Core<'_>>) -> Result<(Enabled<'a>, PortBar<'a>)> {
///     Ok((enable_device(pdev)?, PortBar::iomap(pdev, 1, 0, c"my-driver")?))
/// }
/// ```
pub fn enable_device<'a>(pdev: &'a Device<Core<'_>>) -> Result<Enabled<'a>> {
    pci::enable_device(pdev)?;
    // INVARIANT: Enabled just now.
    Ok(Enabled(pdev))
}

/// Enables the device, so that its memory answers (C: `pci_enable_device_mem()`). Its I/O ports do
/// not.
///
/// The kernel crate's `enable_device_mem()` does the same, and nothing undoes it: the device stays
/// enabled when the driver is unbound.
///
/// # Errors
///
/// As [`enable_device`].
///
/// # Context
///
/// As [`enable_device`].
pub fn enable_device_mem<'a>(pdev: &'a Device<Core<'_>>) -> Result<Enabled<'a>> {
    pdev.enable_device_mem()?;
    // INVARIANT: Enabled just now.
    Ok(Enabled(pdev))
}

impl Drop for Enabled<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `Enabled` the device has been enabled for it, once.
        unsafe { pci::disable_device(self.0) };
    }
}
