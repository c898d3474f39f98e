// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The right to overwrite memory that nobody uses, for tests and benchmarks. A driver requests the
//! BARs of its device instead: see [`crate::pci`].

use crate::bindings::{ioport::MemoryRegion, pci::LockedDevice};
use crate::mm::machine;
use crate::mm::phys_range::{PhysRange, RangeError};
use crate::mm::resources;
use kernel::prelude::*;

/// Memory that is the caller's until this is dropped: `/proc/iomem` lists it as requested by
/// `io-mapping-rs`, so that no driver gets it.
pub struct MemoryClaim(#[expect(dead_code, reason = "released on drop")] MemoryRegion);

/// Why memory cannot be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// There are no bytes, or the range wraps.
    NoRange,
    /// A byte lies past the CPU's physical address width.
    TooWide,
    /// A part of it is system RAM.
    Ram,
    /// It does not lie in a BAR.
    NotInBar,
    /// A part of it is not listed as reserved.
    NotReserved,
    /// A driver is bound to the device whose BAR it is, or a part of it has been requested.
    InUse,
    /// There is no memory to note who has it.
    NoMemory,
}

impl ClaimError {
    /// Returns the reason in words that follow the name of the range.
    pub const fn why(self) -> &'static str {
        match self {
            Self::NoRange => "is empty or ends after the last address",
            Self::TooWide => "ends after the last physical address of this CPU",
            Self::Ram => "is system RAM: name a BAR, or a range set aside with memmap=",
            Self::NotInBar => {
                "is not in a BAR; add the word \"reserved\" if it was set aside with memmap=SIZE$ADDRESS on \
                 the kernel's command line"
            }
            Self::NotReserved => {
                "is not reserved as a whole; memmap=SIZE$ADDRESS on the kernel's command line reserves \
                 memory"
            }
            Self::InUse => "is in use: unbind the driver of the device first",
            Self::NoMemory => "cannot be requested: there is no memory to note who has it",
        }
    }
}

impl From<ClaimError> for Error {
    fn from(err: ClaimError) -> Self {
        match err {
            ClaimError::NoRange => EINVAL,
            ClaimError::TooWide => ERANGE,
            ClaimError::Ram | ClaimError::NotInBar | ClaimError::NotReserved => EPERM,
            ClaimError::InUse => EBUSY,
            ClaimError::NoMemory => ENOMEM,
        }
    }
}

/// Claims memory that was reserved with `memmap=` on the kernel's command line.
///
/// The kernel lists what the firmware has reserved in the same way. That it is not the firmware's is for
/// the caller to know.
///
/// # Errors
///
/// All of [`ClaimError`] but [`NotInBar`](ClaimError::NotInBar).
///
/// # Context
///
/// May sleep, and so may dropping the claim.
pub fn reserved(phys: u64, size: u64) -> Result<MemoryClaim, ClaimError> {
    check(phys, size)?;
    if !resources::is_reserved(phys, size as usize) {
        return Err(ClaimError::NotReserved);
    }
    request(phys, size)
}

/// Claims a part of a BAR whose device has no driver. The device, which is dropped after the claim,
/// stays without one, and is not removed.
///
/// # Errors
///
/// All of [`ClaimError`] but [`NotReserved`](ClaimError::NotReserved).
///
/// # Context
///
/// May sleep, and so may dropping the claim.
pub(crate) fn in_bar(phys: u64, size: u64) -> Result<(MemoryClaim, LockedDevice), ClaimError> {
    check(phys, size)?;
    // No overflow: `check` has looked.
    let device = LockedDevice::with_memory(phys, phys + (size - 1));
    let device = device.ok_or(ClaimError::NotInBar)?;
    if device.has_driver() {
        return Err(ClaimError::InUse);
    }
    Ok((request(phys, size)?, device))
}

/// Checks that there is a range, and that no part of it is system RAM. That includes reserved RAM, such
/// as the kernel's text, which ioremap maps, as in C.
fn check(phys: u64, size: u64) -> Result<(), ClaimError> {
    match PhysRange::new(phys, size, machine::phys_bits()) {
        Err(RangeError::TooWide) => return Err(ClaimError::TooWide),
        Err(_) => return Err(ClaimError::NoRange),
        Ok(_) => (),
    }
    if resources::has_ram(phys, size as usize) {
        return Err(ClaimError::Ram);
    }
    Ok(())
}

fn request(phys: u64, size: u64) -> Result<MemoryClaim, ClaimError> {
    match MemoryRegion::request(phys, size) {
        Ok(region) => Ok(MemoryClaim(region)),
        Err(err) if err == ENOMEM => Err(ClaimError::NoMemory),
        Err(_) => Err(ClaimError::InUse),
    }
}
