// SPDX-License-Identifier: GPL-2.0

//! The right to write all over a range. See `claim.c`.

use crate::{c, spec::RangeSpec};
use core::{ffi::c_void, ptr::NonNull};
use kernel::{device::Bound, pci, prelude::*};

/// A range that is ours as long as this lives: a BAR that no other driver has, or reserved memory.
///
/// # Invariants
///
/// `raw` is a claim of C's, of `size` bytes (or ports, where `ports`) from `phys` on.
pub(crate) struct Claim {
    range: RangeSpec,
    ports: bool,
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
    /// | `EBUSY` | somebody else has it, such as a driver |
    pub(crate) fn new(range: RangeSpec) -> Result<Self> {
        let (mut phys, mut size, mut ports, mut err) = (0, 0, false, 0);
        let raw = match range {
            RangeSpec::Bar {
                domain,
                bus,
                devfn,
                bar,
            } => {
                // SAFETY: All of them are valid for writes.
                unsafe {
                    c::iomrs_b_claim_bar(
                        domain, bus, devfn, bar, &mut phys, &mut size, &mut ports, &mut err,
                    )
                }
            }
            RangeSpec::Memory {
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
            range,
            ports,
            phys,
            size,
            raw,
        })
    }

    /// What it was claimed as.
    pub(crate) fn range(&self) -> RangeSpec {
        self.range
    }

    /// Whether it is a BAR, of whatever.
    pub(crate) fn is_bar(&self) -> bool {
        matches!(self.range, RangeSpec::Bar { .. })
    }

    /// Whether it is still ours: a device may be removed, and its BARs be somebody else's then.
    pub(crate) fn is_held(&self) -> bool {
        // SAFETY: By the invariant a claim.
        unsafe { c::iomrs_b_is_held(self.raw.as_ptr()) }
    }

    /// Whether it is of ports.
    pub(crate) fn is_ports(&self) -> bool {
        self.ports
    }

    /// Lets somebody else request the BAR.
    ///
    /// # Errors
    ///
    /// `EINVAL` where it is none, `ENODEV` where the device is gone.
    pub(crate) fn lend(&self) -> Result<LentBar<'_>> {
        if !self.is_bar() {
            return Err(EINVAL);
        }
        let mut bar = 0;
        // SAFETY: By the invariant a claim, of a BAR, and `bar` is valid for a write.
        let device = unsafe { c::iomrs_b_lend(self.raw.as_ptr(), &mut bar) };
        // INVARIANT: as C says.
        Ok(LentBar {
            claim: self,
            device: NonNull::new(device).ok_or(ENODEV)?,
            bar: u32::try_from(bar)?,
        })
    }

    pub(crate) fn phys(&self) -> u64 {
        self.phys
    }

    /// Bytes, or ports.
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

/// A BAR that is ours, and whose region request has been given up meanwhile.
///
/// # Invariants
///
/// `device` is bound to the driver of the claim, and locked by this task, so that it stays so.
pub(crate) struct LentBar<'a> {
    claim: &'a Claim,
    device: NonNull<c_void>,
    bar: u32,
}

impl LentBar<'_> {
    /// C's `struct pci_dev`.
    pub(crate) fn as_raw(&self) -> *mut c_void {
        self.device.as_ptr()
    }

    pub(crate) fn device(&self) -> &pci::Device<Bound> {
        // SAFETY: `pci::Device` is a transparent wrapper of a `struct pci_dev`, to which the claim has
        // a reference. By the invariant it is bound, and stays so.
        unsafe { self.device.cast().as_ref() }
    }

    pub(crate) fn number(&self) -> u32 {
        self.bar
    }
}

impl Drop for LentBar<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariant of the claim it is one, and lent just once.
        unsafe { c::iomrs_b_take_back(self.claim.raw.as_ptr()) };
    }
}

/// What an error of [`Claim::new`] means.
pub(crate) fn why(err: Error) -> &'static str {
    match err {
        EPERM => "the range is system RAM or not all reserved (memmap=SIZE$PHYS sets memory aside)",
        ENODEV => "there is no such BAR",
        EBUSY => "somebody has it: unbind the driver first",
        _ => "it cannot be had",
    }
}
