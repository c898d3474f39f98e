// SPDX-License-Identifier: GPL-2.0

//! The right to write all over a range. See `c_claim.c`.

use crate::{c, spec::Place};
use core::{ffi::c_void, ptr::NonNull};
use kernel::prelude::*;

/// A range that is ours as long as this lives: a BAR that no driver has, or reserved memory.
///
/// # Invariants
///
/// `raw` is a claim of C's, of `size` bytes from `phys` on.
pub(crate) struct Claim {
    place: Place,
    phys: u64,
    size: u64,
    raw: NonNull<c_void>,
}

// SAFETY: Any task may give it back.
unsafe impl Send for Claim {}
// SAFETY: What can be shared is constant.
unsafe impl Sync for Claim {}

impl Claim {
    /// # Errors
    ///
    /// | errno | state |
    /// |---|---|
    /// | `EPERM` | the range is system RAM, or not all reserved |
    /// | `ENODEV` | there is no such BAR |
    /// | `EINVAL` | the BAR is of ports |
    /// | `EBUSY` | somebody else has it, such as a driver |
    pub(crate) fn new(place: Place) -> Result<Self> {
        let (mut phys, mut size, mut err) = (0, 0, 0);
        let raw = match place {
            Place::Bar {
                domain,
                bus,
                devfn,
                bar,
            } => {
                // SAFETY: All three are valid for writes.
                unsafe {
                    c::iomrs_b_claim_bar(domain, bus, devfn, bar, &mut phys, &mut size, &mut err)
                }
            }
            Place::Range {
                phys: from,
                size: len,
            } => {
                (phys, size) = (from, len);
                // SAFETY: Valid for a write.
                unsafe { c::iomrs_b_claim_range(from, len, &mut err) }
            }
        };
        let Some(raw) = NonNull::new(raw) else {
            return Err(Error::from_errno(err));
        };
        // INVARIANT: as C says.
        Ok(Self {
            place,
            phys,
            size,
            raw,
        })
    }

    /// What it was claimed as.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    pub(crate) fn phys(&self) -> u64 {
        self.phys
    }

    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // SAFETY: By the invariant, and given back here only.
        unsafe { c::iomrs_b_release(self.raw.as_ptr()) };
    }
}

/// What an error of [`Claim::new`] means.
pub(crate) fn why(err: Error) -> &'static str {
    match err {
        EPERM => "the range is system RAM or not all reserved (memmap=SIZE$PHYS sets memory aside)",
        ENODEV => "there is no such BAR",
        EINVAL => "the BAR is one of ports",
        EBUSY => "somebody has it: unbind the driver first",
        _ => "it cannot be had",
    }
}
