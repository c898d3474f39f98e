// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What is checked and reserved before a range is mapped, at once or by pages.

use super::Options;
use crate::mm::cache_mode::{CacheMode, Protection, Reservation};
use crate::mm::machine;
use crate::mm::phys_range::PhysRange;
use crate::mm::resources::RangeUse;
use crate::tracking::Caller;
use kernel::prelude::*;

/// A physical range that passed the checks and whose cache mode is reserved. Nothing is mapped yet.
pub(crate) struct ReservedRange {
    first_page: u64,
    encrypted: bool,
    reservation: Reservation,
}

impl ReservedRange {
    /// Checks a range and reserves its cache mode. Returns the reservation and the checked range.
    ///
    /// # Errors
    ///
    /// Those of [`Options::map`] that do not come from taking address space.
    ///
    /// # Context
    ///
    /// May sleep.
    #[inline(always)]
    pub(crate) fn new(
        options: &Options,
        phys: u64,
        size: u64,
        caller: Caller<'_>,
    ) -> Result<(Self, PhysRange)> {
        let range = PhysRange::new(phys, size, machine::phys_bits())?;
        let found = RangeUse::of(phys, size, options.in_requested_region);
        if found.is_ram {
            return Err(EPERM);
        }
        // A stock kernel gives its own mapping of the pages another mode for write combining only.
        #[cfg(iomrs_stock)]
        if found.is_reserved_ram && options.mode != CacheMode::WriteCombining {
            return Err(EPERM);
        }
        // For such a range a stock kernel warns when it reserves write combining, or refuses to.
        let allowed = (options.across_resources || options.in_requested_region)
            && (cfg!(iomrs_exported) || options.mode != CacheMode::WriteCombining);
        if found.crosses_resource && !allowed {
            log_way_across_resources(options.mode, phys, size, caller);
            return Err(EINVAL);
        }
        let this = Self {
            first_page: Reservation::first_page(range),
            encrypted: options.encrypted || found.is_encrypted,
            reservation: Reservation::new(range, options.mode, options.policy)?,
        };
        Ok((this, range))
    }

    /// The protection of its page-table entries.
    pub(crate) fn protection(&self, read_only: bool) -> Protection {
        Protection::new(self.reservation.achieved(), self.encrypted, read_only)
    }

    /// The physical address of its first page.
    pub(crate) fn first_page(&self) -> u64 {
        self.first_page
    }

    /// The reservation, which must be kept for as long as any page of the range is mapped.
    pub(crate) fn into_reservation(self) -> Reservation {
        self.reservation
    }

    /// The cache mode that was asked for.
    pub(crate) fn requested(&self) -> CacheMode {
        self.reservation.requested()
    }

    /// The cache mode that the page-table entries get.
    pub(crate) fn achieved(&self) -> CacheMode {
        self.reservation.achieved()
    }
}

/// Logs what allows a range that leaves its resource. `EINVAL` alone does not tell it from a range that is
/// wrong, and C maps it with a warning (`mapping multiple BARs`).
#[cold]
#[inline(never)]
fn log_way_across_resources(mode: CacheMode, phys: u64, size: u64, caller: Caller<'_>) {
    let but = match mode {
        CacheMode::WriteCombining if cfg!(iomrs_stock) => " in any mode but write-combining",
        _ => "",
    };
    pr_warn!(
        "{}:{}: {:#x}-{:#x} leaves its resource in /proc/iomem. Options::across_resources() allows it{}\n",
        caller.file(),
        caller.line(),
        phys,
        phys.wrapping_add(size.wrapping_sub(1)),
        but
    );
}
