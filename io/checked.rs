// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Accessors of a value at an offset that is known at run time only.

/// Implements the accessors of one value that check the offset at run time, on what implements
/// [`Io`](kernel::io::Io) as `$receiver`, in an `impl` of the type. `$target` and `$backend` are those of
/// `Io`.
///
/// I/O ports have no accesses of 64 bits; memory takes a second call of the macro for them.
///
/// A call finds them before those of `Io`, which have the same names, arguments and results. These make
/// one comparison where those make three, see [`IoExt::try_at`](super::IoExt::try_at).
macro_rules! checked_accessors {
    (@widths $receiver:ty, $target:ty, $backend:ty,
     $($bits:literal $ty:ty: $read:ident, $write:ident;)*) => {$(
        $crate::io::checked_accessors!(@width $receiver, $target, $backend, $ty, $bits, $read, $write);
    )*};
    (@width $receiver:ty, $target:ty, $backend:ty, $ty:ty, $bits:literal, $read:ident, $write:ident) => {
        #[doc = concat!("Reads ", $bits, " bits at `offset`.")]
        ///
        /// # Errors
        ///
        /// As [`Self::try_read`].
        #[inline(always)]
        pub fn $read(self: $receiver, offset: usize) -> kernel::error::Result<$ty>
        where
            usize: kernel::io::IoLoc<$target, $ty, IoType = $ty>,
            $backend: kernel::io::IoCapable<$ty>,
        {
            self.try_read(offset)
        }

        #[doc = concat!("Writes ", $bits, " bits at `offset`.")]
        ///
        /// # Errors
        ///
        /// As [`Self::try_read`].
        #[inline(always)]
        pub fn $write(self: $receiver, value: $ty, offset: usize) -> kernel::error::Result
        where
            usize: kernel::io::IoLoc<$target, $ty, IoType = $ty>,
            $backend: kernel::io::IoCapable<$ty>,
        {
            self.try_write(offset, value)
        }
    };
    (64 bits: $receiver:ty, $target:ty, $backend:ty) => {
        $crate::io::checked_accessors! {
            @widths $receiver, $target, $backend,
            64 u64: try_read64, try_write64;
        }
    };
    ($receiver:ty, $target:ty, $backend:ty) => {
        /// As the kernel crate's [`try_read`](kernel::io::Io::try_read), by one comparison.
        ///
        /// # Errors
        ///
        /// `EINVAL` where the value does not lie within the space, or is misaligned.
        #[inline(always)]
        pub fn try_read<V, L>(self: $receiver, location: L) -> kernel::error::Result<V>
        where
            L: kernel::io::IoLoc<$target, V>,
            $backend: kernel::io::IoCapable<L::IoType>,
        {
            let view = $crate::io::value_view::<_, L::IoType>(self, location.offset())?;
            Ok(<$backend as kernel::io::IoCapable<L::IoType>>::io_read(view).into())
        }

        /// As the kernel crate's [`try_write`](kernel::io::Io::try_write), by one comparison.
        ///
        /// # Errors
        ///
        /// `EINVAL` where the value does not lie within the space, or is misaligned.
        #[inline(always)]
        pub fn try_write<V, L>(self: $receiver, location: L, value: V) -> kernel::error::Result
        where
            L: kernel::io::IoLoc<$target, V>,
            $backend: kernel::io::IoCapable<L::IoType>,
        {
            let view = $crate::io::value_view::<_, L::IoType>(self, location.offset())?;
            <$backend as kernel::io::IoCapable<L::IoType>>::io_write(view, value.into());
            Ok(())
        }

        $crate::io::checked_accessors! {
            @widths $receiver, $target, $backend,
            8 u8: try_read8, try_write8;
            16 u16: try_read16, try_write16;
            32 u32: try_read32, try_write32;
        }
    };
}

pub(crate) use checked_accessors;
