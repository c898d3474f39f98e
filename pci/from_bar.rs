// SPDX-License-Identifier: GPL-2.0

//! The types that a BAR can be mapped as.

use super::request::{BarKind, BarRange};
use crate::ioremap::io_region::IoRegion;
use crate::ioremap::ports::Ports;
use crate::ioremap::{Mapping, Options, WcMapping};
use crate::mm::cache_mode::CacheMode;
use kernel::prelude::*;

mod sealed {
    pub trait Sealed {}
}

/// A type that [`Owned::iomap`](super::Owned::iomap) can map a BAR as: [`Mapping`], [`WcMapping`],
/// [`Ports`] or [`IoRegion`].
pub trait FromBar: Sized + sealed::Sealed {
    /// The kinds of BAR that it can be made of.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    const KINDS: &'static [BarKind];

    /// Maps a range of a BAR of one of these kinds.
    #[doc(hidden)]
    #[track_caller]
    fn map(range: BarRange<'_>) -> Result<Self>;
}

impl sealed::Sealed for Mapping {}
impl FromBar for Mapping {
    #[allow(private_interfaces)]
    const KINDS: &'static [BarKind] = &[BarKind::Memory];

    fn map(range: BarRange<'_>) -> Result<Self> {
        range.map(Options::new(CacheMode::UncachedMinus))
    }
}

impl sealed::Sealed for WcMapping {}
impl FromBar for WcMapping {
    #[allow(private_interfaces)]
    const KINDS: &'static [BarKind] = &[BarKind::Memory];

    fn map(range: BarRange<'_>) -> Result<Self> {
        Ok(range.map(Options::new(CacheMode::WriteCombining))?.into())
    }
}

impl sealed::Sealed for Ports {}
impl FromBar for Ports {
    #[allow(private_interfaces)]
    const KINDS: &'static [BarKind] = &[BarKind::Ports];

    fn map(range: BarRange<'_>) -> Result<Self> {
        if range.kind() != BarKind::Ports {
            return Err(ENODEV);
        }
        let (first, count) = (range.start().try_into()?, range.size().try_into()?);
        // SAFETY: By the invariant of `BarRange` these are ports, and ours for longer than the
        // result.
        unsafe { Ports::new(first, count) }
    }
}

impl sealed::Sealed for IoRegion {}
impl FromBar for IoRegion {
    #[allow(private_interfaces)]
    const KINDS: &'static [BarKind] = &[BarKind::Memory, BarKind::Ports];

    fn map(range: BarRange<'_>) -> Result<Self> {
        match range.kind() {
            BarKind::Memory => Ok(Self::Memory(FromBar::map(range)?)),
            BarKind::Ports => Ok(Self::Ports(FromBar::map(range)?)),
        }
    }
}
