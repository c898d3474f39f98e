// SPDX-License-Identifier: GPL-2.0

//! Accessors of [`IoExt`](super::IoExt) that differ in width or order only.

macro_rules! big_endian {
    ($($ty:ty: $read:ident, $try_read:ident, $write:ident, $try_write:ident;)*) => {$(
        /// Reads a big-endian value at `offset`, which the compiler checks (C: `ioread32be()`).
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
        /// `EINVAL` where it would leave the space, or be misaligned.
        ///
        /// # Examples
        ///
        /// ```
        /// # use io_mapping_rs::{io::IoExt, Mapping};
        /// # use kernel::prelude::*;
        /// /// An entry of a table that the device keeps.
        #[doc = concat!("fn entry(table: &Mapping, at: usize) -> Result<", stringify!($ty), "> {")]
        #[doc = concat!("    table.", stringify!($try_read), "(at)")]
        /// }
        /// ```
        #[inline(always)]
        fn $try_read(self, offset: usize) -> Result<$ty>
        where
            usize: IoLoc<Self::Target, $ty, IoType = $ty>,
            Self::Backend: IoCapable<$ty>,
        {
            Ok(value_view::<_, $ty>(self.be(), offset)?.read_val())
        }

        /// Writes `value` in big endian at `offset`, which the compiler checks
        /// (C: `iowrite32be()`).
        ///
        /// # Examples
        ///
        /// ```
        /// use io_mapping_rs::io::{ByteRegion, IoExt, Shared, View};
        ///
        /// fn unmask_all(chip: View<'_, ByteRegion<0x40>, Shared>) {
        #[doc = concat!("    chip.", stringify!($write), "(", stringify!($ty), "::MAX, 0x18);")]
        /// }
        /// ```
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
        ///
        /// # Examples
        ///
        /// ```
        /// # use io_mapping_rs::{io::IoExt, Mapping};
        /// # use kernel::prelude::*;
        /// /// Writes a table whose length nobody has checked yet.
        #[doc = concat!("fn load(chip: &Mapping, table: &[", stringify!($ty), "]) -> Result {")]
        ///     for (index, &value) in table.iter().enumerate() {
        #[doc = concat!("        chip.", stringify!($try_write), "(value, 8 * index)?;")]
        ///     }
        ///     Ok(())
        /// }
        /// ```
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

macro_rules! nonatomic64 {
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
        ///
        /// # Examples
        ///
        /// ```
        /// # use io_mapping_rs::{io::IoExt, Ports};
        /// # use kernel::prelude::*;
        #[doc = concat!("/// Reading the ", $order, " half holds the counter still.")]
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
        ///
        /// # Examples
        ///
        /// ```
        /// # use io_mapping_rs::{io::IoExt, Ports};
        /// # use kernel::{dma::DmaAddress, prelude::*};
        #[doc = concat!("/// The device wants the ", $order, " half of the address first.")]
        /// fn set_queue(device: &Ports, queue: DmaAddress) -> Result {
        #[doc = concat!("    device.", stringify!($write), "(queue, 0x10)")]
        /// }
        /// ```
        #[inline]
        fn $write(self, value: u64, offset: usize) -> Result
        where
            Self::Backend: IoNonatomic64,
        {
            let halves = half_views(self, offset)?;
            // CAST: half of it.
            Self::Backend::io_write(halves[$first], (value >> (32 * $first)) as u32);
            Self::Backend::io_write(halves[$second], (value >> (32 * $second)) as u32);
            Ok(())
        }
    )*};
}

pub(super) use {big_endian, nonatomic64};
