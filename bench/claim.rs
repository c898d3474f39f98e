// SPDX-License-Identifier: GPL-2.0

//! The right to overwrite a range: a BAR that no driver has, or memory that was set aside.

use crate::harness::{c, spec::RangeSpec};
use core::{ffi::c_void, ptr::NonNull};
use io_mapping_rs::pci::claim::{self, MemoryClaim};
use kernel::{device::Bound, pci, prelude::*, types::NotThreadSafe};

/// A range that is ours as long as this exists.
pub(crate) struct Claim {
    range: RangeSpec,
    ports: bool,
    phys: u64,
    size: u64,
    /// `None` if it is memory, which nobody can remove.
    bar: Option<BarClaim>,
    _memory: Option<MemoryClaim>,
}

/// A BAR that is ours, until its device is removed.
///
/// # Invariants
///
/// A claim of `c/claim.c`, which this owns.
struct BarClaim(NonNull<c_void>);

// SAFETY: Any task may release a claim.
unsafe impl Send for BarClaim {}
// SAFETY: What a shared reference reads is constant, a word that is read at once, or protected by the
// lock of the claim.
unsafe impl Sync for BarClaim {}

/// Why a range cannot be claimed.
pub(crate) struct Refusal {
    pub(crate) errno: Error,
    pub(crate) why: &'static str,
}

impl Claim {
    /// Claims a range.
    ///
    /// # Errors
    ///
    /// | errno | state |
    /// |---|---|
    /// | `ERANGE` | a byte lies past the CPU's physical address width |
    /// | `EPERM` | the range is system RAM, or a part of it is not reserved |
    /// | `ENODEV` | there is no such BAR |
    /// | `EBUSY` | it is in use, for example by a driver |
    /// | `ENOMEM` | there is no memory for the claim |
    pub(crate) fn new(range: RangeSpec) -> Result<Self, Refusal> {
        match range {
            RangeSpec::Bar { .. } => Self::of_bar(range).map_err(|errno| Refusal {
                errno,
                why: why(errno),
            }),
            RangeSpec::Memory { phys, size } => {
                let memory = claim::reserved(phys, size).map_err(|err| Refusal {
                    errno: err.into(),
                    why: err.why(),
                })?;
                Ok(Self {
                    range,
                    ports: false,
                    phys,
                    size,
                    bar: None,
                    _memory: Some(memory),
                })
            }
        }
    }

    fn of_bar(range: RangeSpec) -> Result<Self> {
        let RangeSpec::Bar {
            domain,
            bus,
            devfn,
            bar,
        } = range
        else {
            return Err(EINVAL);
        };
        let (mut phys, mut size, mut ports, mut err) = (0, 0, false, 0);
        // SAFETY: All pointers are valid for writes.
        let raw = unsafe {
            c::iomrs_b_claim_bar(
                domain, bus, devfn, bar, &mut phys, &mut size, &mut ports, &mut err,
            )
        };
        let raw = NonNull::new(raw).ok_or_else(|| Error::from_errno(err))?;
        Ok(Self {
            range,
            ports,
            phys,
            size,
            // INVARIANT: Claimed just now.
            bar: Some(BarClaim(raw)),
            _memory: None,
        })
    }

    /// Returns the range as the spec named it.
    pub(crate) fn range(&self) -> RangeSpec {
        self.range
    }

    /// Whether it is a BAR, of memory or ports.
    pub(crate) fn is_bar(&self) -> bool {
        self.bar.is_some()
    }

    /// Whether it is a BAR of I/O ports.
    pub(crate) fn is_ports(&self) -> bool {
        self.ports
    }

    /// Whether the device of the BAR has been removed, or is being removed, which waits for the job
    /// that uses it.
    pub(crate) fn is_leaving(&self) -> bool {
        let is_leaving = |bar: &BarClaim| {
            // SAFETY: By the invariant of `BarClaim` it is a claim.
            unsafe { c::iomrs_b_is_leaving(bar.0.as_ptr()) }
        };
        self.bar.as_ref().is_some_and(is_leaving)
    }

    /// Begins a job that uses the range. Removing the device waits until the result is dropped.
    ///
    /// # Errors
    ///
    /// `ENODEV` where the device was removed, or its BAR could not be requested again.
    pub(crate) fn begin_job(&self) -> Result<JobClaim<'_>> {
        if let Some(bar) = &self.bar {
            // SAFETY: By the invariant of `BarClaim` it is a claim.
            if !unsafe { c::iomrs_b_begin(bar.0.as_ptr()) } {
                return Err(ENODEV);
            }
        }
        // INVARIANT: It has just begun.
        Ok(JobClaim {
            claim: self,
            _task: NotThreadSafe,
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

impl Drop for BarClaim {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `BarClaim` it is a claim that we own.
        unsafe { c::iomrs_b_release(self.0.as_ptr()) };
    }
}

/// A job that uses the range of a claim. As long as this exists a BAR stays ours, and its device bound.
///
/// # Invariants
///
/// If the claim is of a BAR, a job of it has begun, by this task, and only `drop` ends it.
pub(crate) struct JobClaim<'a> {
    claim: &'a Claim,
    _task: NotThreadSafe,
}

impl JobClaim<'_> {
    pub(crate) fn claim(&self) -> &Claim {
        self.claim
    }

    /// Releases the region of the BAR for a while, so that a workload can request it.
    ///
    /// # Errors
    ///
    /// `EINVAL` where it is no BAR.
    pub(crate) fn lend(&self) -> Result<LentBar<'_>> {
        let claim = self.claim.bar.as_ref().ok_or(EINVAL)?;
        let mut bar = 0;
        // SAFETY: By the invariant of `BarClaim` it is a claim, and by that of `self` a job of it has
        // begun. `bar` is valid for a write.
        let device = unsafe { c::iomrs_b_lend(claim.0.as_ptr(), &mut bar) };
        // INVARIANT: It was lent just now. The job, which we borrow, keeps the device bound.
        Ok(LentBar {
            claim,
            device: NonNull::new(device).ok_or(ENODEV)?,
            bar: u32::try_from(bar)?,
        })
    }
}

impl Drop for JobClaim<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.claim.bar {
            // SAFETY: By the invariant of `self` this task has begun the job, and it ends here only.
            unsafe { c::iomrs_b_end(bar.0.as_ptr()) };
        }
    }
}

/// A BAR of a claim whose region can be requested as long as this exists.
///
/// # Invariants
///
/// - `claim` is lent once.
/// - `device` is bound to the driver of `c/claim.c`, and stays so.
pub(crate) struct LentBar<'a> {
    claim: &'a BarClaim,
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
        unsafe { c::iomrs_b_take_back(self.claim.0.as_ptr()) };
    }
}

/// Returns what an error of `iomrs_b_claim_bar()` means.
fn why(err: Error) -> &'static str {
    match err {
        ENODEV => "there is no such BAR",
        EBUSY => "is in use: unbind the driver of the device first",
        ENOMEM => "out of memory",
        _ => "it cannot be claimed",
    }
}
