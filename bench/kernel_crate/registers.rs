// SPDX-License-Identifier: GPL-2.0

//! Registers that are mapped already, for the accessors of the kernel crate.

use kernel::{
    io::{IoBase, Mmio, MmioBackend, MmioRaw, Region},
    prelude::*,
};

/// Mapped registers, as the documentation of the kernel crate's `Devres` has them in its example.
///
/// # Invariants
///
/// The memory stays mapped for as long as this is used.
pub(crate) struct Registers<const SIZE: usize = 0>(MmioRaw<Region<SIZE>>);

impl<const SIZE: usize> Registers<SIZE> {
    /// # Errors
    ///
    /// `EINVAL` where the memory has fewer than `SIZE` bytes.
    ///
    /// # Safety
    ///
    /// `size` bytes of device memory are mapped from `addr` on, for as long as the result is used.
    pub(crate) unsafe fn new(addr: usize, size: usize) -> Result<Self> {
        // INVARIANT: As required of our caller.
        Ok(Self(MmioRaw::new_region(addr, size)?))
    }
}

impl<'a, const SIZE: usize> IoBase<'a> for &'a Registers<SIZE> {
    type Backend = MmioBackend;
    type Target = Region<SIZE>;

    #[inline]
    fn as_view(self) -> Mmio<'a, Region<SIZE>> {
        // SAFETY: By the invariant the memory is mapped.
        unsafe { Mmio::from_raw(self.0) }
    }
}
