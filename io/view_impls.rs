// SPDX-License-Identifier: GPL-2.0

//! What every owner of mapped memory lends.

/// Gives `$owner`, which has `addr()` and `size()` of memory that it keeps mapped, its views. As a
/// whole it is seen as an untyped region.
macro_rules! impl_views {
    ($owner:ty, $space:ty) => {
        $crate::io::impl_view_methods!($owner, $space);

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

/// As [`impl_views`], for memory that is page-aligned and always has `$size` bytes: accesses at
/// constant offsets are checked at compile time.
macro_rules! impl_sized_views {
    ($owner:ty, $space:ty, $size:expr) => {
        $crate::io::impl_view_methods!($owner, $space);

        impl<'a> kernel::io::IoBase<'a> for &'a $owner {
            type Backend = $crate::io::Backend<$space>;
            type Target = kernel::io::Region<{ $size }>;

            #[inline(always)]
            fn as_view(self) -> $crate::io::View<'a, kernel::io::Region<{ $size }>, $space> {
                // SAFETY: By the type's invariant they are mapped for as long as `self` lives.
                unsafe { $crate::io::View::sized_region_at(self.addr()) }
            }
        }
    };
}

macro_rules! impl_view_methods {
    ($owner:ty, $space:ty) => {
        impl $owner {
            /// All bytes, to copy from and to, and for typed views.
            ///
            /// # Examples
            ///
            /// ```
            /// # use io_mapping_rs::{io_mapping::*, ioremap::*};
            /// # use kernel::{io::Io, prelude::*};
            #[doc = concat!("fn first_word(map: &", stringify!($owner), ") -> Result<[u8; 4]> {")]
            ///     let word = map.bytes().try_cast::<[u8; 4]>()?;
            ///     Ok(word.copy_read())
            /// }
            /// ```
            #[inline(always)]
            pub fn bytes(&self) -> $crate::io::View<'_, [u8], $space> {
                // SAFETY: By the type's invariant they are mapped for as long as `self` lives.
                unsafe { $crate::io::View::bytes(self.addr(), self.size()) }
            }

            /// All bytes, for accesses of every width.
            ///
            /// # Examples
            ///
            /// ```
            /// # use io_mapping_rs::{io_mapping::*, ioremap::*};
            /// # use kernel::{io::Io, prelude::*};
            #[doc = concat!("fn counter(map: &", stringify!($owner), ") -> Result<u64> {")]
            ///     map.byte_region().try_read64(0x18)
            /// }
            /// ```
            #[inline(always)]
            pub fn byte_region(&self) -> $crate::io::View<'_, $crate::io::ByteRegion, $space> {
                self.bytes().byte_region()
            }

            /// All bytes, for accesses of every width checked at compile time.
            ///
            /// # Errors
            ///
            /// `EINVAL` where there are fewer than `SIZE`, or where they do not begin at a multiple
            /// of 8.
            ///
            /// # Examples
            ///
            /// ```
            /// # use io_mapping_rs::{io_mapping::*, ioremap::*};
            /// # use kernel::{io::Io, prelude::*};
            #[doc = concat!("fn abilities(map: &", stringify!($owner), ") -> Result<(u64, u8)> {")]
            ///     let registers = map.sized_byte_region::<0x40>()?;
            ///     Ok((registers.read64(0x0), registers.read8(0x3f)))
            /// }
            /// ```
            #[inline(always)]
            pub fn sized_byte_region<const SIZE: usize>(
                &self,
            ) -> kernel::error::Result<$crate::io::View<'_, $crate::io::ByteRegion<SIZE>, $space>>
            {
                self.bytes().sized_byte_region()
            }

            /// All bytes as write-combining memory, whatever their cache mode is.
            ///
            /// # Examples
            ///
            /// ```
            /// # use io_mapping_rs::{io_mapping::*, ioremap::*};
            /// # use kernel::{io::Io, prelude::*};
            #[doc = concat!("fn publish(map: &", stringify!($owner), ", turn: u32) -> Result {")]
            ///     let mut memory = map.wc();
            ///     memory.try_write32(turn, 0)?;
            ///     // Nobody waits for it: no doorbell.
            ///     let _ = memory.flush();
            ///     Ok(())
            /// }
            /// ```
            #[inline(always)]
            pub fn wc(&self) -> $crate::io::Wc<'_, 0, $space> {
                $crate::io::Wc::new(self.byte_region())
            }

            /// As [`Self::wc`], for accesses checked at compile time.
            ///
            /// # Errors
            ///
            /// As [`Self::sized_byte_region`].
            ///
            /// # Examples
            ///
            /// ```
            /// # use io_mapping_rs::{io_mapping::*, ioremap::*};
            /// # use kernel::{io::Io, prelude::*};
            #[doc = concat!("fn fill_line(map: &", stringify!($owner), ") -> Result {")]
            ///     let line = map.sized_wc::<64>()?;
            ///     line.write64(0x5555_5555, 0);
            ///     line.write64(0xaaaa_aaaa, 56);
            ///     Ok(())
            /// }
            /// ```
            #[inline(always)]
            pub fn sized_wc<const SIZE: usize>(
                &self,
            ) -> kernel::error::Result<$crate::io::Wc<'_, SIZE, $space>> {
                Ok($crate::io::Wc::new(self.sized_byte_region()?))
            }

            /// Copies bytes from `offset` on to all of `data` (C: `memcpy_fromio()`).
            ///
            /// # Errors
            ///
            /// `EINVAL` where they would leave the memory: nothing is copied.
            ///
            /// # Examples
            ///
            /// ```
            /// # use io_mapping_rs::{io_mapping::*, ioremap::*};
            /// # use kernel::{io::Io, prelude::*};
            #[doc = concat!("fn serial(map: &", stringify!($owner), ") -> Result<[u8; 12]> {")]
            ///     let mut number = [0; 12];
            ///     map.try_copy_to_slice(0x22, &mut number)?;
            ///     Ok(number)
            /// }
            /// ```
            #[inline]
            pub fn try_copy_to_slice(
                &self,
                offset: usize,
                data: &mut [u8],
            ) -> kernel::error::Result {
                $crate::io::IoExt::try_copy_to_slice(self.bytes(), offset, data)
            }

            /// Copies all of `data` to `offset` (C: `memcpy_toio()`).
            ///
            /// # Errors
            ///
            /// `EINVAL` where it would leave the memory: nothing is copied.
            ///
            /// # Examples
            ///
            /// ```
            /// # use io_mapping_rs::{io_mapping::*, ioremap::*};
            /// # use kernel::{io::Io, prelude::*};
            #[doc = concat!("fn ask(map: &", stringify!($owner), ", question: &[u8]) -> Result {")]
            ///     map.try_copy_from_slice(0x100, question)
            /// }
            /// ```
            #[inline]
            pub fn try_copy_from_slice(&self, offset: usize, data: &[u8]) -> kernel::error::Result {
                $crate::io::IoExt::try_copy_from_slice(self.bytes(), offset, data)
            }

            /// Sets `len` bytes from `offset` on to `byte` (C: `memset_io()`).
            ///
            /// # Errors
            ///
            /// `EINVAL` where they would leave the memory: nothing is set.
            ///
            /// # Examples
            ///
            /// ```
            /// # use io_mapping_rs::{io_mapping::*, ioremap::*};
            /// # use kernel::{io::Io, prelude::*};
            #[doc = concat!("fn clear_mailbox(map: &", stringify!($owner), ") -> Result {")]
            ///     map.try_fill(0x200, 0x80, 0)
            /// }
            /// ```
            #[inline]
            pub fn try_fill(&self, offset: usize, len: usize, byte: u8) -> kernel::error::Result {
                $crate::io::IoExt::try_fill(self.bytes(), offset, len, byte)
            }

            /// A view of at least `SIZE` bytes, for accesses checked at compile time: what
            /// `register!` makes registers of.
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
