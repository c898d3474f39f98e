// SPDX-License-Identifier: GPL-2.0

//! Mappings whose type says what may be done with them.

use super::{Entries, Mapping};
use crate::{
    cache_mode::CacheMode,
    io::{Backend, Shared, Wc},
};
use kernel::{
    io::{Io, IoCapable, IoLoc, Region},
    prelude::*,
};

/// Device memory that can be read only, unmapped on drop. See
/// [`Options::map_read_only`](super::Options::map_read_only).
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
    fn from(mapping: Mapping) -> Self {
        Self(mapping)
    }
}

impl WcMapping {
    /// All of the memory.
    #[inline(always)]
    pub fn wc(&self) -> Wc<'_, 0, Shared> {
        self.0.wc()
    }

    /// All of the memory, which has at least `SIZE` bytes, for accesses checked at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer, or where they do not begin at a multiple of 8.
    #[inline(always)]
    pub fn sized_wc<const SIZE: usize>(&self) -> Result<Wc<'_, SIZE, Shared>> {
        self.0.sized_wc()
    }
}

macro_rules! impl_facts {
    ($($kind:ident),*) => {$(
        impl $kind {
            /// As [`Mapping::addr`].
            pub fn addr(&self) -> usize {
                self.0.addr()
            }

            /// As [`Mapping::size`].
            pub fn size(&self) -> usize {
                self.0.size()
            }

            /// As [`Mapping::achieved`].
            pub fn achieved(&self) -> CacheMode {
                self.0.achieved()
            }

            /// As [`Mapping::entries`].
            pub fn entries(&self) -> Entries<'_> {
                self.0.entries()
            }
        }
    )*};
}

impl_facts!(ReadOnlyMapping, WcMapping);
