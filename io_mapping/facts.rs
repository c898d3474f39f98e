// SPDX-License-Identifier: GPL-2.0

//! What an aperture tells of itself.

use super::{Backing, IoMapping, Strategy};
use crate::ioremap::Mapping;
use crate::mm::cache_mode::CacheMode;
use kernel::io::ResourceSize;

impl IoMapping {
    /// Bytes of the aperture.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// The device keeps its state in the last page.
    /// fn state(memory: &IoMapping) -> Result<u32> {
    ///     let last = memory.size().checked_sub(0x1000).ok_or(EINVAL)?;
    ///     memory.map_local(last)?.try_read32(0)
    /// }
    /// ```
    #[inline]
    pub fn size(&self) -> ResourceSize {
        self.size as ResourceSize
    }

    /// The strategy that it follows: not [`Strategy::Auto`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{IoMapping, Strategy};
    ///
    /// /// How many pages to map at once: as many as there are, or few, as slots are scarce.
    /// fn batch(memory: &IoMapping) -> usize {
    ///     match memory.strategy() {
    ///         Strategy::Whole => usize::MAX,
    ///         _ => 4,
    ///     }
    /// }
    /// ```
    pub fn strategy(&self) -> Strategy {
        match &self.backing {
            Backing::Whole(_) => Strategy::Whole,
            Backing::Sparse(_) => Strategy::Sparse,
        }
    }

    /// The cache mode asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::{device::Device, prelude::*};
    ///
    /// fn check(dev: &Device, memory: &IoMapping) {
    ///     let (requested, achieved) = (memory.requested(), memory.achieved());
    ///     if achieved != requested {
    ///         dev_warn!(dev, "{} instead of {}\n", achieved.name(), requested.name());
    ///     }
    /// }
    /// ```
    pub fn requested(&self) -> CacheMode {
        match &self.backing {
            Backing::Whole(whole) => whole.requested(),
            Backing::Sparse(sparse) => sparse.requested(),
        }
    }

    /// The cache mode that maps of it have, see [`Mapping::achieved`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{CacheMode, IoMapping};
    ///
    /// /// Whether to draw into memory of our own first, and copy what is done.
    /// fn wants_shadow(screen: &IoMapping) -> bool {
    ///     screen.achieved() != CacheMode::WriteBack
    /// }
    /// ```
    pub fn achieved(&self) -> CacheMode {
        match &self.backing {
            Backing::Whole(whole) => whole.achieved(),
            Backing::Sparse(sparse) => sparse.achieved(),
        }
    }

    /// The mapping of the whole aperture, where there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::{Shared, View}, IoMapping};
    /// use kernel::{io::Region, prelude::*};
    ///
    /// /// Registers at the beginning of the memory, without a map for each access.
    /// fn registers(memory: &IoMapping) -> Result<View<'_, Region<0x100>, Shared>> {
    ///     memory.whole().ok_or(EOPNOTSUPP)?.sized()
    /// }
    /// ```
    pub fn whole(&self) -> Option<&Mapping> {
        match &self.backing {
            Backing::Whole(whole) => Some(whole),
            Backing::Sparse(_) => None,
        }
    }

    /// Unmaps the chunks that [`map`](Self::map) has left mapped, if any. The next map makes its
    /// chunk again.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Loads what the device needs once, and keeps no address space for it.
    /// fn load(memory: &mut IoMapping, firmware: &[u8]) -> Result {
    ///     memory.map(0, firmware.len() as u64)?.try_copy_from_slice(0, firmware)?;
    ///     memory.trim();
    ///     Ok(())
    /// }
    /// ```
    pub fn trim(&mut self) {
        if let Backing::Sparse(sparse) = &mut self.backing {
            sparse.trim(&mut self.directory);
        }
    }
}
