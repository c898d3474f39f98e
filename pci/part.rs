// SPDX-License-Identifier: GPL-2.0

//! A part of a BAR, and what can be made of it.

use crate::ioremap::io_region::IoRegion;
use crate::ioremap::ports::Ports;
use crate::ioremap::{Mapping, Options, WcMapping};
use crate::mm::cache_mode::CacheMode;
use crate::pci::region::{BarKind, BarRegion};
use crate::tracking::counters;
use kernel::{
    io::{PhysAddr, ResourceSize},
    prelude::*,
};

/// A part of a BAR that we have requested.
///
/// # Invariants
///
/// `size` bytes or ports, not 0, from `start` on are within a BAR of `kind`, whose region request is
/// ours for longer than what is made of the part lives.
pub struct Part {
    kind: BarKind,
    start: PhysAddr,
    size: ResourceSize,
}

impl Part {
    /// What is left of `region` from `offset` on, `maxlen` at most unless that is 0.
    ///
    /// The caller keeps `region` for longer than what it makes of the part.
    ///
    /// # Errors
    ///
    /// `EINVAL` where nothing is left.
    pub(super) fn new(
        region: &BarRegion<'_>,
        offset: ResourceSize,
        maxlen: ResourceSize,
    ) -> Result<Self> {
        let rest = region.size().checked_sub(offset).filter(|&rest| rest != 0);
        let rest = rest
            .ok_or(EINVAL)
            .inspect_err(|&err| counters::count_refusal(err))?;
        // INVARIANT: Within the BAR, as `offset` and `rest` add up to its size.
        Ok(Self {
            kind: region.kind(),
            start: region.start() + offset,
            size: if maxlen == 0 { rest } else { rest.min(maxlen) },
        })
    }

    /// Maps the part, which is of memory.
    ///
    /// # Errors
    ///
    /// `ENODEV` where it is of ports; those of [`Options::map`].
    #[track_caller]
    pub(super) fn map(self, options: Options) -> Result<Mapping> {
        if self.kind != BarKind::Memory {
            return Err(ENODEV);
        }
        // SAFETY: Part of a BAR of memory, which by the invariant is ours for longer than the
        // mapping.
        unsafe { options.in_requested_region().map(self.start, self.size) }
    }
}

mod sealed {
    pub trait Sealed {}
}

/// What [`Owned::iomap`](super::Owned::iomap) makes of a BAR.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::pci::{FromBar, Owned};
/// use kernel::{device::Bound, pci, prelude::*};
///
/// /// BARs 0 and 2, the two halves of a device.
/// fn both<'a, T: FromBar>(pdev: &'a pci::Device<Bound>) -> Result<[Owned<'a, T>; 2]> {
///     let map = |bar| Owned::iomap(pdev, bar, 0, c"my-driver");
///     Ok([map(0)?, map(2)?])
/// }
/// ```
pub trait FromBar: Sized + sealed::Sealed {
    /// The kinds of BAR that it can be made of.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    const KINDS: &'static [BarKind];

    /// Maps a part of a BAR of one of these kinds.
    #[doc(hidden)]
    #[track_caller]
    fn map(part: Part) -> Result<Self>;
}

impl sealed::Sealed for Mapping {}
impl FromBar for Mapping {
    #[allow(private_interfaces)]
    const KINDS: &'static [BarKind] = &[BarKind::Memory];

    fn map(part: Part) -> Result<Self> {
        part.map(Options::new(CacheMode::UncachedMinus))
    }
}

impl sealed::Sealed for WcMapping {}
impl FromBar for WcMapping {
    #[allow(private_interfaces)]
    const KINDS: &'static [BarKind] = &[BarKind::Memory];

    fn map(part: Part) -> Result<Self> {
        Ok(part.map(Options::new(CacheMode::WriteCombining))?.into())
    }
}

impl sealed::Sealed for Ports {}
impl FromBar for Ports {
    #[allow(private_interfaces)]
    const KINDS: &'static [BarKind] = &[BarKind::Ports];

    fn map(part: Part) -> Result<Self> {
        if part.kind != BarKind::Ports {
            return Err(ENODEV);
        }
        let (first, count) = (part.start.try_into()?, part.size.try_into()?);
        // SAFETY: Part of a BAR of ports, which by the invariant is ours for longer than the
        // result.
        unsafe { Ports::new(first, count) }
    }
}

impl sealed::Sealed for IoRegion {}
impl FromBar for IoRegion {
    #[allow(private_interfaces)]
    const KINDS: &'static [BarKind] = &[BarKind::Memory, BarKind::Ports];

    fn map(part: Part) -> Result<Self> {
        match part.kind {
            BarKind::Memory => Ok(Self::Memory(FromBar::map(part)?)),
            BarKind::Ports => Ok(Self::Ports(FromBar::map(part)?)),
        }
    }
}
