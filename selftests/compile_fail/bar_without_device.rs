// SPDX-License-Identifier: GPL-2.0
//! error: E0521
//!
//! A BAR is kept for ever, though the device is bound for a shorter time.

use io_mapping_rs::pci::Bar;
use kernel::{device::Bound, pci::Device, prelude::*};

fn keep_for_ever(_: impl Send + 'static) {}

pub fn f(pdev: &Device<Bound>) -> Result {
    let bar = Bar::iomap(pdev, 0, 0, c"compile-fail")?;
    #[cfg(not(broken))]
    let bar = bar.into_devres()?;
    keep_for_ever(bar);
    Ok(())
}
