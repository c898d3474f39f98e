// SPDX-License-Identifier: GPL-2.0

//! What the kernel crate's [`Io`] leaves out.

use super::{
    at::{bytes_at, halves_at, known_value_at, value_at},
    families::{big_endian, two_halves},
    BigEndian, Doorbell, IoFill, IoHalves, IoRepeat, Relaxed, Via,
};
use kernel::{
    io::{Io, IoBase, IoCapable, IoCopyable, IoLoc},
    prelude::*,
};

/// More accessors for whatever has the kernel crate's [`Io`]: big endian, relaxed, strings of
/// values, 64 bits in two halves, copies of parts, doorbells.
///
/// As there, a name without `try_` takes an offset that the compiler checks.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io::IoExt, ioremap::Mapping};
/// use kernel::prelude::*;
///
/// fn receive(fifo: &Mapping, packet: &mut [u32]) -> Result<u16> {
///     let kind = fifo.try_read16_be(0x10)?;
///     fifo.try_read_rep(0x14, packet)?;
///     Ok(kind)
/// }
/// ```
pub trait IoExt<'a>: IoBase<'a> {
    /// The same space with its values in big endian: for typed registers, and all else that
    /// [`Io`] does with values.
    #[inline(always)]
    fn be(self) -> Via<'a, Self::Backend, Self::Target, BigEndian> {
        Via::new(self.as_view())
    }

    /// The same space, accessed without order towards memory and locks (C: `readl_relaxed()`).
    /// Memory only: C has no such form for ports either.
    #[inline(always)]
    fn relaxed(self) -> Via<'a, Self::Backend, Self::Target, Relaxed> {
        Via::new(self.as_view())
    }

    big_endian! {
        u16: read16_be, try_read16_be, write16_be, try_write16_be;
        u32: read32_be, try_read32_be, write32_be, try_write32_be;
        u64: read64_be, try_read64_be, write64_be, try_write64_be;
    }

    two_halves! {
        "low": try_read64_lo_hi, try_write64_lo_hi, 0, 1;
        "high": try_read64_hi_lo, try_write64_hi_lo, 1, 0;
    }

    /// Fills `data` from the register at `offset`, which the compiler checks: see [`IoRepeat`].
    #[inline(always)]
    fn read_rep<T>(self, offset: usize, data: &mut [T])
    where
        Self::Backend: IoRepeat<T>,
    {
        Self::Backend::read_rep(known_value_at::<_, T>(self, offset), data);
    }

    /// Fills `data` from the register at `offset`: see [`IoRepeat`].
    ///
    /// # Errors
    ///
    /// `EINVAL` where the register would leave the space, or be misaligned.
    #[inline]
    fn try_read_rep<T>(self, offset: usize, data: &mut [T]) -> Result
    where
        Self::Backend: IoRepeat<T>,
    {
        Self::Backend::read_rep(value_at::<_, T>(self, offset)?, data);
        Ok(())
    }

    /// Writes `data` to the register at `offset`, which the compiler checks: see [`IoRepeat`].
    #[inline(always)]
    fn write_rep<T>(self, offset: usize, data: &[T])
    where
        Self::Backend: IoRepeat<T>,
    {
        Self::Backend::write_rep(known_value_at::<_, T>(self, offset), data);
    }

    /// Writes `data` to the register at `offset`: see [`IoRepeat`].
    ///
    /// # Errors
    ///
    /// `EINVAL` where the register would leave the space, or be misaligned.
    #[inline]
    fn try_write_rep<T>(self, offset: usize, data: &[T]) -> Result
    where
        Self::Backend: IoRepeat<T>,
    {
        Self::Backend::write_rep(value_at::<_, T>(self, offset)?, data);
        Ok(())
    }

    /// Copies bytes from `offset` on to all of `data` (C: `memcpy_fromio()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where they would leave the space: nothing is copied.
    #[inline]
    fn try_copy_to_slice(self, offset: usize, data: &mut [u8]) -> Result
    where
        Self::Backend: IoCopyable,
    {
        let view = bytes_at(self, offset, data.len())?;
        // SAFETY: `data` has room for as many bytes, in memory that is no device's.
        unsafe { Self::Backend::copy_from_io(view, data.as_mut_ptr()) };
        Ok(())
    }

    /// Copies all of `data` to `offset` (C: `memcpy_toio()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where it would leave the space: nothing is copied.
    #[inline]
    fn try_copy_from_slice(self, offset: usize, data: &[u8]) -> Result
    where
        Self::Backend: IoCopyable,
    {
        let view = bytes_at(self, offset, data.len())?;
        // SAFETY: `data` has as many bytes, in memory that is no device's.
        unsafe { Self::Backend::copy_to_io(view, data.as_ptr()) };
        Ok(())
    }

    /// Sets `len` bytes from `offset` on to `byte` (C: `memset_io()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where they would leave the space: nothing is set.
    #[inline]
    fn try_fill(self, offset: usize, len: usize, byte: u8) -> Result
    where
        Self::Backend: IoFill,
    {
        Self::Backend::fill(bytes_at(self, offset, len)?, byte);
        Ok(())
    }

    /// The register at `offset` as a doorbell, to be rung after data was written to
    /// write-combining memory: see [`Wc::flush`](super::Wc::flush).
    ///
    /// # Errors
    ///
    /// `EINVAL` where the register would leave the space, or be misaligned.
    #[inline]
    fn try_doorbell<T>(self, offset: usize) -> Result<Doorbell<'a, Self::Backend, T>>
    where
        Self::Backend: IoCapable<T>,
    {
        Ok(Doorbell::new(value_at::<_, T>(self, offset)?))
    }
}

impl<'a, IO: IoBase<'a>> IoExt<'a> for IO {}
