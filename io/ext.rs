// SPDX-License-Identifier: GPL-2.0

//! What the kernel crate's [`Io`] leaves out.

use super::{BigEndian, Doorbell, IoFill, IoHalves, IoRepeat, Relaxed, Via};
use core::ptr;
use kernel::{
    io::{Io, IoBackend, IoBase, IoCapable, IoCopyable, IoLoc},
    prelude::*,
    ptr::KnownSize,
};

type ViewOf<'a, IO, T> = <<IO as IoBase<'a>>::Backend as IoBackend>::View<'a, T>;

/// A view of the `T` at `offset`.
///
/// # Errors
///
/// `EINVAL` where it would leave the space, or be misaligned.
#[inline(always)]
fn value_at<'a, IO: Io<'a>, T>(io: IO, offset: usize) -> Result<ViewOf<'a, IO, T>> {
    let view = io.as_view();
    let base = IO::Backend::as_ptr(view);
    let room = KnownSize::size(base).checked_sub(size_of::<T>());
    if room.is_none_or(|room| offset > room) {
        return Err(EINVAL);
    }
    let ptr = base.cast::<T>().wrapping_byte_add(offset);
    if ptr.addr() % align_of::<T>() != 0 {
        return Err(EINVAL);
    }
    // SAFETY: Within what `base` points to, and aligned, as just checked.
    Ok(unsafe { IO::Backend::project_view(view, ptr) })
}

/// As [`value_at`], checked at compile time.
#[inline(always)]
fn known_value_at<'a, IO: Io<'a>, T>(io: IO, offset: usize) -> ViewOf<'a, IO, T> {
    const {
        assert!(align_of::<T>() <= IO::Target::MIN_ALIGN.as_usize());
    };
    build_assert!(
        offset <= isize::MAX as usize
            && offset + size_of::<T>() <= IO::Target::MIN_SIZE
            && offset % align_of::<T>() == 0
    );
    let view = io.as_view();
    let ptr = IO::Backend::as_ptr(view)
        .cast::<T>()
        .wrapping_byte_add(offset);
    // SAFETY: Within what the view is of, and aligned, as just checked.
    unsafe { IO::Backend::project_view(view, ptr) }
}

/// A view of `len` bytes from `offset` on.
///
/// # Errors
///
/// `EINVAL` where they would leave the space.
#[inline(always)]
fn bytes_at<'a, IO: Io<'a>>(io: IO, offset: usize, len: usize) -> Result<ViewOf<'a, IO, [u8]>> {
    let view = io.as_view();
    let base = IO::Backend::as_ptr(view);
    let room = KnownSize::size(base).checked_sub(len);
    if room.is_none_or(|room| offset > room) {
        return Err(EINVAL);
    }
    let first = base.cast::<u8>().wrapping_byte_add(offset);
    // SAFETY: Within what `base` points to, as just checked; bytes are always aligned.
    Ok(unsafe { IO::Backend::project_view(view, ptr::slice_from_raw_parts_mut(first, len)) })
}

macro_rules! big_endian {
    ($($ty:ty: $read:ident, $try_read:ident, $write:ident, $try_write:ident;)*) => {$(
        /// Reads a big-endian value at `offset`, which the compiler checks.
        #[inline(always)]
        fn $read(self, offset: usize) -> $ty
        where
            usize: IoLoc<Self::Target, $ty, IoType = $ty>,
            Self::Backend: IoCapable<$ty>,
        {
            self.be().read(offset)
        }

        /// Reads a big-endian value at `offset`.
        ///
        /// # Errors
        ///
        /// `EINVAL` where it would leave the space, or be misaligned.
        #[inline(always)]
        fn $try_read(self, offset: usize) -> Result<$ty>
        where
            usize: IoLoc<Self::Target, $ty, IoType = $ty>,
            Self::Backend: IoCapable<$ty>,
        {
            self.be().try_read(offset)
        }

        /// Writes `value` in big endian at `offset`, which the compiler checks.
        #[inline(always)]
        fn $write(self, value: $ty, offset: usize)
        where
            usize: IoLoc<Self::Target, $ty, IoType = $ty>,
            Self::Backend: IoCapable<$ty>,
        {
            self.be().write(offset, value);
        }

        /// Writes `value` in big endian at `offset`.
        ///
        /// # Errors
        ///
        /// `EINVAL` where it would leave the space, or be misaligned.
        #[inline(always)]
        fn $try_write(self, value: $ty, offset: usize) -> Result
        where
            usize: IoLoc<Self::Target, $ty, IoType = $ty>,
            Self::Backend: IoCapable<$ty>,
        {
            self.be().try_write(offset, value)
        }
    )*};
}

macro_rules! two_halves {
    ($($order:literal: $read:ident, $write:ident, $first:literal, $second:literal;)*) => {$(
        #[doc = concat!("Reads 64 bits at `offset` as two halves, the ", $order, " one first.")]
        ///
        /// Two accesses whatever the backend is, where C's `ioread64_*()` reads memory in one. In
        /// big endian ([`be`](Self::be)) the high half is the one at `offset` (C:
        /// `ioread64be_*()`).
        ///
        /// # Errors
        ///
        /// `EINVAL` where they would leave the space or not be aligned to 32 bits: nothing is read.
        #[inline]
        fn $read(self, offset: usize) -> Result<u64>
        where
            Self::Backend: IoHalves,
        {
            let halves = halves_at(self, offset)?;
            let first = Self::Backend::io_read(halves[$first]);
            let second = Self::Backend::io_read(halves[$second]);
            Ok(u64::from(first) << (32 * $first) | u64::from(second) << (32 * $second))
        }

        #[doc = concat!("Writes 64 bits at `offset` as two halves, the ", $order, " one first.")]
        ///
        /// Two accesses whatever the backend is, where C's `iowrite64_*()` writes memory in one. In
        /// big endian ([`be`](Self::be)) the high half is the one at `offset` (C:
        /// `iowrite64be_*()`).
        ///
        /// # Errors
        ///
        /// `EINVAL` where they would leave the space or not be aligned to 32 bits: nothing is
        /// written.
        #[inline]
        fn $write(self, value: u64, offset: usize) -> Result
        where
            Self::Backend: IoHalves,
        {
            let halves = halves_at(self, offset)?;
            // CAST: half of it.
            Self::Backend::io_write(halves[$first], (value >> (32 * $first)) as u32);
            Self::Backend::io_write(halves[$second], (value >> (32 * $second)) as u32);
            Ok(())
        }
    )*};
}

/// Views of the low and the high half of the 64 bits at `offset`.
///
/// # Errors
///
/// `EINVAL` where they would leave the space, or not be aligned to 32 bits.
#[inline(always)]
fn halves_at<'a, IO: Io<'a>>(io: IO, offset: usize) -> Result<[ViewOf<'a, IO, u32>; 2]>
where
    IO::Backend: IoHalves,
{
    let second = offset.checked_add(size_of::<u32>()).ok_or(EINVAL)?;
    let (first, second) = (value_at(io, offset)?, value_at(io, second)?);
    Ok(if <IO::Backend as IoHalves>::LOW == 0 {
        [first, second]
    } else {
        [second, first]
    })
}

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
