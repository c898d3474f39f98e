// SPDX-License-Identifier: GPL-2.0
//! error: E0597
//!
//! A BAR is not used any more when the driver lets go of its device, and is dropped after that.

use core::ops::Deref;
use io_mapping_rs::pci::Bar;
use kernel::{device::Bound, pci::Device, prelude::*};

pub fn f<D: Deref<Target = Device<Bound>>>(make: impl Fn() -> D) -> Result {
    #[cfg(not(broken))]
    let device = make();
    let _bar;
    {
        #[cfg(broken)]
        let device = make();
        _bar = Bar::iomap(&device, 0, 0, c"test")?;
    }
    Ok(())
}
