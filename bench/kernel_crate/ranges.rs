// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Calls that map BARs, and what unmaps them.

use crate::harness::{
    fixture::{Fixture, NAME},
    timing::{timed, Ticks},
};
use kernel::prelude::*;

/// Requests a BAR and maps all of it; then unmaps and releases it.
#[inline(never)]
pub(crate) fn bar(fixture: &Fixture<'_>) -> Result<Ticks> {
    let (device, bar) = fixture.bar()?;
    timed(|| device.iomap_region(bar, NAME))
}
