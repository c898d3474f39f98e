// SPDX-License-Identifier: GPL-2.0

//! Accessors of [`IoExt`](super::IoExt) that differ in width or order only.

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

pub(super) use {big_endian, two_halves};
