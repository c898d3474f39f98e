// SPDX-License-Identifier: GPL-2.0

//! The views of types that keep device memory mapped.

/// Implements the views of `$owner`, a type that keeps `size()` bytes from `addr()` on mapped. The
/// accessors of the kernel crate's `Io` see it as an untyped region.
macro_rules! impl_views {
    ($owner:ty, $space:ty) => {
        $crate::io::impl_view_methods!($owner, $space, kernel::io::Region);

        impl<'a> kernel::io::IoBase<'a> for &'a $owner {
            type Backend = $crate::io::Backend<$space>;
            type Target = kernel::io::Region;

            #[inline(always)]
            fn as_view(self) -> $crate::io::View<'a, kernel::io::Region, $space> {
                self.bytes().region()
            }
        }
    };
}

/// As [`impl_views`], for page-aligned memory of exactly `$size` bytes. Accesses at constant
/// offsets are checked at compile time.
macro_rules! impl_sized_views {
    ($owner:ty, $space:ty, $size:expr) => {
        $crate::io::impl_view_methods!($owner, $space, kernel::io::Region<{ $size }>);

        impl<'a> kernel::io::IoBase<'a> for &'a $owner {
            type Backend = $crate::io::Backend<$space>;
            type Target = kernel::io::Region<{ $size }>;

            #[inline(always)]
            fn as_view(self) -> $crate::io::View<'a, kernel::io::Region<{ $size }>, $space> {
                // SAFETY: By the invariants of the type `$size` bytes from `addr()` on are mapped
                // for as long as it is borrowed. They begin at a page.
                unsafe { $crate::io::View::sized_region_at(self.addr()) }
            }
        }
    };
}

/// Implements the methods of `$owner` that return views, access single values and copy bytes. `$target`
/// is what the accessors of `Io` see.
macro_rules! impl_view_methods {
    ($owner:ty, $space:ty, $target:ty) => {
        impl $owner {
            $crate::io::checked_accessors!(&Self, $target, $crate::io::Backend<$space>);
            #[cfg(CONFIG_64BIT)]
            $crate::io::checked_accessors!(64 bits: &Self, $target, $crate::io::Backend<$space>);

            /// Returns a view of all bytes, to copy from and to, and to cast to a type.
            #[inline(always)]
            pub fn bytes(&self) -> $crate::io::View<'_, [u8], $space> {
                // SAFETY: By the invariants of the type `size()` bytes from `addr()` on are mapped
                // for as long as it is borrowed.
                unsafe { $crate::io::View::bytes(self.addr(), self.size()) }
            }

            /// Returns a view of all bytes, for accesses of every width.
            ///
            /// What the type itself has for that reaches as many bytes as a `Region` of the kernel
            /// crate has, a multiple of 4.
            #[inline(always)]
            pub fn byte_region(&self) -> $crate::io::View<'_, $crate::io::ByteRegion, $space> {
                self.bytes().byte_region()
            }

            /// Returns a view of all bytes, for accesses of every width that are checked at compile
            /// time.
            ///
            /// # Errors
            ///
            /// `EINVAL` where there are fewer than `SIZE` bytes, or they do not begin at a multiple
            /// of 8.
            #[inline(always)]
            pub fn sized_byte_region<const SIZE: usize>(
                &self,
            ) -> kernel::error::Result<$crate::io::View<'_, $crate::io::ByteRegion<SIZE>, $space>>
            {
                self.bytes().sized_byte_region()
            }

            /// Returns a view of all bytes as write-combining memory. The cache mode may be any.
            #[inline(always)]
            pub fn wc(&self) -> $crate::io::Wc<'_, 0, $space> {
                $crate::io::Wc::new(self.byte_region())
            }

            /// As [`Self::wc`], for accesses that are checked at compile time.
            ///
            /// # Errors
            ///
            /// As [`Self::sized_byte_region`].
            #[inline(always)]
            pub fn sized_wc<const SIZE: usize>(
                &self,
            ) -> kernel::error::Result<$crate::io::Wc<'_, SIZE, $space>> {
                Ok($crate::io::Wc::new(self.sized_byte_region()?))
            }

            /// Fills `data` with the bytes from `offset` on (C: `memcpy_fromio()`).
            ///
            /// # Errors
            ///
            /// `EINVAL` where they do not lie within the memory. Nothing is copied then.
            #[inline]
            pub fn try_copy_to_slice(
                &self,
                offset: usize,
                data: &mut [u8],
            ) -> kernel::error::Result {
                $crate::io::IoExt::try_copy_to_slice(self.bytes(), offset, data)
            }

            /// Copies all of `data` to the bytes from `offset` on (C: `memcpy_toio()`).
            ///
            /// # Errors
            ///
            /// `EINVAL` where they do not lie within the memory. Nothing is copied then.
            #[inline]
            pub fn try_copy_from_slice(&self, offset: usize, data: &[u8]) -> kernel::error::Result {
                $crate::io::IoExt::try_copy_from_slice(self.bytes(), offset, data)
            }

            /// Sets `len` bytes from `offset` on to `byte` (C: `memset_io()`).
            ///
            /// # Errors
            ///
            /// `EINVAL` where they do not lie within the memory. Nothing is set then.
            #[inline]
            pub fn try_fill(&self, offset: usize, len: usize, byte: u8) -> kernel::error::Result {
                $crate::io::IoExt::try_fill(self.bytes(), offset, len, byte)
            }

            /// Returns a view of at least `SIZE` bytes, for accesses that are checked at compile
            /// time, also to the registers that `register!` defines.
            ///
            /// # Errors
            ///
            /// `EINVAL` where there are fewer.
            ///
            /// # Examples
            ///
            /// ```
            /// # use io_mapping_rs::{io_mapping::*, ioremap::*};
            /// # use kernel::{io::Io, prelude::*};
            #[doc = concat!("fn restart(map: &", stringify!($owner), ") -> Result {")]
            ///     let registers = map.sized::<0x10>()?;
            ///     registers.write32(1, 0x8);
            ///     registers.update(0xc, |control: u32| control & !1);
            ///     Ok(())
            /// }
            /// ```
            #[inline(always)]
            pub fn sized<const SIZE: usize>(
                &self,
            ) -> kernel::error::Result<$crate::io::View<'_, kernel::io::Region<SIZE>, $space>> {
                self.bytes().region().sized()
            }
        }
    };
}

pub(crate) use {impl_sized_views, impl_view_methods, impl_views};
