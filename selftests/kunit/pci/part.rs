// SPDX-License-Identifier: GPL-2.0

//! A part of a BAR, mapped as each type that the library has for BARs.

use crate::{
    c,
    support::{
        c_bars::{region_is_requested, CBar},
        devices::{Device, NAME},
        outcome::*,
        proc_files::KernelState,
    },
};
use io_mapping_rs::pci::{Bar, IoBar, PortBar, WcBar};
use kernel::prelude::*;

/// What each type returns: the size of the mapping, or the error. In the order of
/// [`Part::map_as_each_type`].
pub(super) type Results = [Result<usize>; 4];

/// Part of a BAR: at most `maxlen` bytes or ports from `offset` on, or all of them where `maxlen` is
/// 0.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) device: &'a Device,
    pub(super) bar: u32,
    pub(super) offset: u64,
    pub(super) maxlen: u64,
}

impl<'a> Part<'a> {
    pub(super) fn new(device: &'a Device, bar: u32, offset: u64, maxlen: u64) -> Self {
        Self {
            device,
            bar,
            offset,
            maxlen,
        }
    }

    pub(super) fn whole(device: &'a Device, bar: u32) -> Self {
        Self::new(device, bar, 0, 0)
    }

    /// Maps the part as each type, one after the other.
    pub(super) fn map_as_each_type(self) -> Results {
        let (device, bar) = (self.device.bound(), self.bar);
        let (offset, maxlen) = (self.offset, self.maxlen);
        [
            Bar::iomap_range(device, bar, offset, maxlen, NAME).map(|bar| bar.size()),
            WcBar::iomap_range(device, bar, offset, maxlen, NAME).map(|bar| bar.size()),
            PortBar::iomap_range(device, bar, offset, maxlen, NAME).map(|bar| bar.count()),
            IoBar::iomap_range(device, bar, offset, maxlen, NAME).map(|bar| bar.size()),
        ]
    }

    /// Maps the part by C, write combining or not.
    pub(super) fn map_in_c(self, wc: bool) -> Outcome<CBar<'a>> {
        CBar::iomap(self.device, self.bar, self.offset, self.maxlen, wc)
    }

    /// Does C refuse to map the part, write combining or not?
    pub(super) fn is_refused_by_c(self, wc: bool) -> bool {
        CBar::try_iomap(self.device, self.bar, self.offset, self.maxlen, wc).is_none()
    }

    /// Fails the test unless each type returns its error, C refuses, and nothing is left behind.
    pub(super) fn check_refused(self, errors: Results) -> Outcome {
        let before = KernelState::now()?;
        let log = c::iomrs_c_log_position();
        check_eq!(self.map_as_each_type(), errors);
        check_eq!(region_is_requested()?, false);
        check!(self.is_refused_by_c(false) && self.is_refused_by_c(true));
        check_eq!(c::iomrs_c_count_complaints(log), 0);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }
}

/// Returns `errno` for each type that takes such a BAR, and `ENODEV` for the others.
pub(super) fn errors(is_port: bool, errno: Error) -> Results {
    [!is_port, !is_port, is_port, true].map(|takes| Err(if takes { errno } else { ENODEV }))
}
