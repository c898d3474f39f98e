// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Accessors of [`IoExt`](super::IoExt) that differ only in the width, or in which half is first.

macro_rules! big_endian_accessors {
    ($($ty:ty: $read:ident, $try_read:ident, $write:ident, $try_write:ident;)*) => {$(
        /// Reads a big-endian value at `offset`, which is checked at compile time
        /// (C: `ioread32be()`).
        ///
        /// # Examples
        ///
        /// ```
        /// use io_mapping_rs::io::{ByteRegion, IoExt, Shared, View};
        ///
        /// type Chip<'a> = View<'a, ByteRegion<0x40>, Shared>;
        #[doc = concat!("fn identity(chip: Chip<'_>) -> ", stringify!($ty), " {")]
        #[doc = concat!("    chip.", stringify!($read), "(0x8)")]
        /// }
        /// ```
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
        /// `EINVAL` where the value does not lie within the space, or is misaligned.
        #[inline(always)]
        fn $try_read(self, offset: usize) -> Result<$ty>
        where
            usize: IoLoc<Self::Target, $ty, IoType = $ty>,
            Self::Backend: IoCapable<$ty>,
        {
            Ok(value_view::<_, $ty>(self.be(), offset)?.read_val())
        }

        /// Writes `value` in big endian at `offset`, which is checked at compile time
        /// (C: `iowrite32be()`).
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
        /// `EINVAL` where the value does not lie within the space, or is misaligned.
        #[inline(always)]
        fn $try_write(self, value: $ty, offset: usize) -> Result
        where
            usize: IoLoc<Self::Target, $ty, IoType = $ty>,
            Self::Backend: IoCapable<$ty>,
        {
            value_view::<_, $ty>(self.be(), offset)?.write_val(value);
            Ok(())
        }
    )*};
}

macro_rules! nonatomic64_accessors {
    ($($order:literal: $read:ident, $write:ident, $first:literal, $second:literal;)*) => {$(
        #[doc = concat!("Reads 64 bits at `offset` by two accesses, the ", $order, " half first.")]
        ///
        /// C's `ioread64_*()` reads memory by one access, and ports by two. In big endian, see
        /// [`be`](Self::be), the high half is the one at `offset` (C: `ioread64be_*()`).
        ///
        /// # Errors
        ///
        /// `EINVAL` where the halves do not lie within the space, or are not aligned to 32 bits.
        /// Nothing is read then.
        ///
        /// # Examples
        ///
        /// ```
        /// # use io_mapping_rs::{io::IoExt, Ports};
        /// # use kernel::prelude::*;
        #[doc = concat!("/// Reading the ", $order, " half latches the counter.")]
        /// fn counter(device: &Ports) -> Result<u64> {
        #[doc = concat!("    device.", stringify!($read), "(0x8)")]
        /// }
        /// ```
        #[inline]
        fn $read(self, offset: usize) -> Result<u64>
        where
            Self::Backend: IoNonatomic64,
        {
            let halves = half_views(self, offset)?;
            let first = Self::Backend::io_read(halves[$first]);
            let second = Self::Backend::io_read(halves[$second]);
            Ok(u64::from(first) << (32 * $first) | u64::from(second) << (32 * $second))
        }

        #[doc = concat!("Writes 64 bits at `offset` by two accesses, the ", $order, " half first.")]
        ///
        /// C's `iowrite64_*()` writes memory by one access, and ports by two. In big endian, see
        /// [`be`](Self::be), the high half is the one at `offset` (C: `iowrite64be_*()`).
        ///
        /// # Errors
        ///
        /// `EINVAL` where the halves do not lie within the space, or are not aligned to 32 bits.
        /// Nothing is written then.
        #[inline]
        fn $write(self, value: u64, offset: usize) -> Result
        where
            Self::Backend: IoNonatomic64,
        {
            let halves = half_views(self, offset)?;
            // CAST: Takes one half.
            Self::Backend::io_write(halves[$first], (value >> (32 * $first)) as u32);
            Self::Backend::io_write(halves[$second], (value >> (32 * $second)) as u32);
            Ok(())
        }
    )*};
}

pub(super) use {big_endian_accessors, nonatomic64_accessors};
