// SPDX-License-Identifier: GPL-2.0

//! The right to overwrite a range. See `c/claim.c`.

use crate::{c, spec::RangeSpec};
use core::{ffi::c_void, ptr::NonNull};
use kernel::{device::Bound, pci, prelude::*};

/// A range that is ours as long as this exists: a BAR that no driver has, or reserved memory.
///
/// # Invariants
///
/// `raw` is a claim of `c/claim.c`, which this owns: of `size` bytes, or ports if `ports`, from `phys` on.
pub(crate) struct Claim {
    range: RangeSpec,
    ports: bool,
    phys: u64,
    size: u64,
    raw: NonNull<c_void>,
}

// SAFETY: Any task may release a claim.
unsafe impl Send for Claim {}
// SAFETY: What a shared reference reads is constant, or protected by the device's lock.
unsafe impl Sync for Claim {}

impl Claim {
    /// # Errors
    ///
    /// | errno | state |
    /// |---|---|
    /// | `EPERM` | the range is system RAM, or a part of it is not reserved |
    /// | `ENODEV` | there is no such BAR |
    /// | `EBUSY` | it is in use, for example by a driver |
    /// | `ENOMEM` | there is no memory for the claim |
    pub(crate) fn new(range: RangeSpec) -> Result<Self> {
        let (mut phys, mut size, mut ports, mut err) = (0, 0, false, 0);
        let raw = match range {
            RangeSpec::Bar {
                domain,
                bus,
                devfn,
                bar,
            } => {
                // SAFETY: All pointers are valid for writes.
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
                // SAFETY: `err` is valid for a write.
                unsafe { c::iomrs_b_claim_range(from, len, &mut err) }
            }
        };
        let Some(raw) = NonNull::new(raw) else {
            return Err(Error::from_errno(err));
        };
        // INVARIANT: `raw` was claimed just now, and `phys`, `size` and `ports` describe it.
        Ok(Self {
            range,
            ports,
            phys,
            size,
            raw,
        })
    }

    /// Returns the range as the spec named it.
    pub(crate) fn range(&self) -> RangeSpec {
        self.range
    }

    /// Whether it is a BAR, of memory or ports.
    pub(crate) fn is_bar(&self) -> bool {
        matches!(self.range, RangeSpec::Bar { .. })
    }

    /// Whether it is still ours: it is not when the device of a BAR has been removed.
    pub(crate) fn is_held(&self) -> bool {
        // SAFETY: By the invariant of `self` it is a claim.
        unsafe { c::iomrs_b_is_held(self.raw.as_ptr()) }
    }

    /// Whether it is a BAR of I/O ports.
    pub(crate) fn is_ports(&self) -> bool {
        self.ports
    }

    /// Releases the region of the BAR for a while, so that a workload can request it.
    ///
    /// # Errors
    ///
    /// `EINVAL` where it is no BAR, `ENODEV` where the device was removed.
    pub(crate) fn lend(&self) -> Result<LentBar<'_>> {
        if !self.is_bar() {
            return Err(EINVAL);
        }
        let mut bar = 0;
        // SAFETY: By the invariant of `self` it is a claim, and it is of a BAR. `bar` is valid for a write.
        let device = unsafe { c::iomrs_b_lend(self.raw.as_ptr(), &mut bar) };
        // INVARIANT: It was lent just now, which locked the device.
        Ok(LentBar {
            claim: self,
            device: NonNull::new(device).ok_or(ENODEV)?,
            bar: u32::try_from(bar)?,
        })
    }

    pub(crate) fn phys(&self) -> u64 {
        self.phys
    }

    /// Returns the number of bytes, or ports.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `self` it is a claim that we own.
        unsafe { c::iomrs_b_release(self.raw.as_ptr()) };
    }
}

/// A BAR of a claim whose region can be requested as long as this exists.
///
/// # Invariants
///
/// - `claim` is of a BAR, and lent once.
/// - `device` is bound to the driver of `c/claim.c`, and stays so: this task has locked it.
pub(crate) struct LentBar<'a> {
    claim: &'a Claim,
    device: NonNull<c_void>,
    bar: u32,
}

impl LentBar<'_> {
    /// Returns the `struct pci_dev`.
    pub(crate) fn as_raw(&self) -> *mut c_void {
        self.device.as_ptr()
    }

    pub(crate) fn device(&self) -> &pci::Device<Bound> {
        // SAFETY: `pci::Device` is a transparent wrapper of a `struct pci_dev`, to which the claim has
        // a reference. By the invariant of `self` it stays bound.
        unsafe { self.device.cast().as_ref() }
    }

    pub(crate) fn number(&self) -> u32 {
        self.bar
    }
}

impl Drop for LentBar<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `self` the claim is lent, and not yet taken back.
        unsafe { c::iomrs_b_take_back(self.claim.raw.as_ptr()) };
    }
}

/// Returns what an error of [`Claim::new`] means.
pub(crate) fn why(err: Error) -> &'static str {
    match err {
        EPERM => {
            "it is system RAM or not all of it is reserved; memmap=SIZE$ADDRESS on the kernel's command \
             line reserves memory"
        },
        ENODEV => "there is no such BAR",
        EBUSY => "it is in use; unbind its driver first",
        ENOMEM => "out of memory",
        _ => "it cannot be claimed",
    }
}
