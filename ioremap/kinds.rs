// SPDX-License-Identifier: GPL-2.0

//! Mappings whose type says what may be done with them.

use super::{Entries, Mapping};
use crate::io::{Backend, Shared, Wc};
use crate::mm::cache_mode::CacheMode;
use kernel::{
    io::{Io, IoCapable, IoLoc, Region},
    prelude::*,
};

/// Device memory that can be read only, unmapped on drop. See
/// [`Options::map_read_only`](super::Options::map_read_only).
///
/// # Examples
///
/// ```
/// use io_mapping_rs::ioremap::ReadOnlyMapping;
/// use kernel::prelude::*;
///
/// /// A table of the firmware, whose bytes must sum up to 0.
/// fn is_valid(table: &ReadOnlyMapping) -> Result<bool> {
///     let mut sum = 0u8;
///     for offset in 0..table.size() {
///         sum = sum.wrapping_add(table.try_read(offset)?);
///     }
///     Ok(sum == 0)
/// }
/// ```
pub struct ReadOnlyMapping(Mapping);

impl ReadOnlyMapping {
    /// `mapping`, whose entries forbid stores.
    pub(super) fn new(mapping: Mapping) -> Self {
        Self(mapping)
    }

    /// Reads a `T` (`u8` to `u64`) at `offset`.
    ///
    /// # Errors
    ///
    /// `EINVAL` where it would leave the mapping or be misaligned.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ReadOnlyMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Length and revision, as ACPI tables have them.
    /// fn header(table: &ReadOnlyMapping) -> Result<(u32, u8)> {
    ///     Ok((table.try_read(4)?, table.try_read(8)?))
    /// }
    /// ```
    pub fn try_read<T>(&self, offset: usize) -> Result<T>
    where
        Backend<Shared>: IoCapable<T>,
        usize: IoLoc<Region, T, IoType = T>,
    {
        (&self.0).try_read::<T, usize>(offset)
    }

    /// Copies all bytes to `data`.
    ///
    /// # Errors
    ///
    /// `EINVAL` where `data` has another length than the mapping.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ReadOnlyMapping;
    /// use kernel::prelude::*;
    ///
    /// /// A copy that stays when the ROM is unmapped.
    /// fn copy(rom: &ReadOnlyMapping) -> Result<KVVec<u8>> {
    ///     let mut copy = KVVec::from_elem(0, rom.size(), GFP_KERNEL)?;
    ///     rom.copy_to_slice(&mut copy)?;
    ///     Ok(copy)
    /// }
    /// ```
    pub fn copy_to_slice(&self, data: &mut [u8]) -> Result {
        if data.len() != self.0.size() {
            return Err(EINVAL);
        }
        self.0.bytes().copy_to_slice(data);
        Ok(())
    }
}

/// Write-combining device memory, unmapped on drop. It lends a [`Wc`] and no other view, so that
/// there is no read-modify-write of it.
///
/// See [`ioremap_wc`](super::ioremap_wc).
///
/// # Examples
///
/// ```
/// use io_mapping_rs::ioremap::WcMapping;
/// use kernel::prelude::*;
///
/// fn blank(screen: &WcMapping) -> Result {
///     let mut pixels = screen.wc();
///     pixels.try_write32(0, 0)?;
///     let _ = pixels.flush();
///     Ok(())
/// }
/// ```
pub struct WcMapping(Mapping);

impl From<Mapping> for WcMapping {
    #[inline(always)]
    fn from(mapping: Mapping) -> Self {
        Self(mapping)
    }
}

impl WcMapping {
    /// All of the memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, ioremap::WcMapping};
    /// use kernel::prelude::*;
    ///
    /// /// Draws a line, which may be seen at any time.
    /// fn draw(screen: &WcMapping, line: usize, pixels: &[u8]) -> Result {
    ///     screen.wc().try_copy_from_slice(line * pixels.len(), pixels)
    /// }
    /// ```
    #[inline(always)]
    pub fn wc(&self) -> Wc<'_, 0, Shared> {
        self.0.wc()
    }

    /// All of the memory, which has at least `SIZE` bytes, for accesses checked at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer, or where they do not begin at a multiple of 8.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::ioremap::WcMapping;
    /// use kernel::prelude::*;
    ///
    /// /// A cursor of 4 by 4 pixels: no store of it can fail.
    /// fn set_corners(cursor: &WcMapping, colour: u32) -> Result {
    ///     let cursor = cursor.sized_wc::<64>()?;
    ///     cursor.write32(colour, 0);
    ///     cursor.write32(colour, 60);
    ///     Ok(())
    /// }
    /// ```
    #[inline(always)]
    pub fn sized_wc<const SIZE: usize>(&self) -> Result<Wc<'_, SIZE, Shared>> {
        self.0.sized_wc()
    }
}

macro_rules! impl_facts {
    ($($kind:ident),*) => {$(
        impl $kind {
            /// As [`Mapping::addr`].
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("# use io_mapping_rs::ioremap::", stringify!($kind), ";")]
            /// # use kernel::{device::Device, prelude::*};
            #[doc = concat!("fn trace(dev: &Device, mapping: &", stringify!($kind), ") {")]
            ///     dev_dbg!(dev, "{} bytes at {:#x}\n", mapping.size(), mapping.addr());
            /// }
            /// ```
            pub fn addr(&self) -> usize {
                self.0.addr()
            }

            /// As [`Mapping::size`].
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("# use io_mapping_rs::ioremap::", stringify!($kind), ";")]
            /// /// How many blocks of 512 bytes there are, and how many bytes are left over.
            #[doc = concat!("fn blocks(mapping: &", stringify!($kind), ") -> (usize, usize) {")]
            ///     (mapping.size() / 512, mapping.size() % 512)
            /// }
            /// ```
            pub fn size(&self) -> usize {
                self.0.size()
            }

            /// As [`Mapping::achieved`].
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("# use io_mapping_rs::{ioremap::", stringify!($kind), ", CacheMode};")]
            /// # use kernel::{device::Device, prelude::*};
            #[doc = concat!("fn check(dev: &Device, mapping: &", stringify!($kind), ") {")]
            ///     if mapping.achieved() == CacheMode::Uncached {
            ///         dev_warn!(dev, "somebody else has it uncached: this will be slow\n");
            ///     }
            /// }
            /// ```
            pub fn achieved(&self) -> CacheMode {
                self.0.achieved()
            }

            /// As [`Mapping::entries`].
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("# use io_mapping_rs::ioremap::", stringify!($kind), ";")]
            /// /// Entries that a CPU has to hold at once to reach all of it.
            #[doc = concat!("fn translations(mapping: &", stringify!($kind), ") -> usize {")]
            ///     mapping.entries().count()
            /// }
            /// ```
            pub fn entries(&self) -> Entries<'_> {
                self.0.entries()
            }
        }
    )*};
}

impl_facts!(ReadOnlyMapping, WcMapping);
