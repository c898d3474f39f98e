// SPDX-License-Identifier: GPL-2.0

//! The guards of the three kinds of map. See the [module above](super).

use super::IoMapping;
use crate::io::{impl_views, Local, Shared};
use crate::io_mapping::sparse::chunks::TrackedArea;
use crate::io_mapping::sparse::window::Slot;
use crate::mm::preempt;
use core::marker::PhantomData;
use kernel::{io::ResourceSize, prelude::*};

/// A piece of an aperture, mapped for any task. See [`IoMapping::map`].
///
/// Dropping it may sleep. Where it is leaked, what it maps may stay mapped for ever.
///
/// # Invariants
///
/// `size` bytes from `addr` on are mapped to a part of the aperture, for as long as the guard lives.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::IoMapping;
/// use kernel::prelude::*;
///
/// /// Loads firmware to offset 1 MiB of a device's memory.
/// fn load(memory: &IoMapping, firmware: &[u8]) -> Result {
///     let map = memory.map(1 << 20, firmware.len() as u64)?;
///     map.try_copy_from_slice(0, firmware)
/// }
/// ```
pub struct Map<'a> {
    pub(super) addr: usize,
    pub(super) size: usize,
    pub(super) _area: Option<TrackedArea>,
    pub(super) aperture: PhantomData<&'a IoMapping>,
}

impl Map<'_> {
    /// The virtual address of the first byte.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io_mapping::Map;
    ///
    /// /// Whether the piece begins where a large page does.
    /// fn is_aligned(map: &Map<'_>) -> bool {
    ///     map.addr() % (2 << 20) == 0
    /// }
    /// ```
    #[inline(always)]
    pub fn addr(&self) -> usize {
        self.addr
    }

    /// The number of bytes asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io_mapping::Map;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// The device writes its status to the last word.
    /// fn status(map: &Map<'_>) -> Result<u32> {
    ///     map.try_read32(map.size().checked_sub(4).ok_or(EINVAL)?)
    /// }
    /// ```
    #[inline(always)]
    pub fn size(&self) -> usize {
        self.size
    }
}

impl_views!(Map<'_>, Shared);

/// A page of an aperture, mapped for the calling task. See [`IoMapping::map_local`].
///
/// A guard that is leaked breaks nothing. But its slot is lost, and the task stays on its CPU, which
/// then cannot go off line before the task has ended.
///
/// # Invariants
///
/// `size` bytes from `addr` on are mapped to a part of the aperture, for as long as the guard lives.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io_mapping::LocalMap, IoMapping};
/// use kernel::{io::Io, page::PAGE_SIZE, prelude::*};
///
/// fn checksum(page: &LocalMap<'_>) -> Result<u32> {
///     let mut sum = 0u32;
///     for offset in (0..page.size()).step_by(4) {
///         sum = sum.wrapping_add(page.try_read32(offset)?);
///     }
///     Ok(sum)
/// }
///
/// fn checksum_of(memory: &IoMapping, page: u64) -> Result<u32> {
///     checksum(&memory.map_local(page * PAGE_SIZE as u64)?)
/// }
/// ```
pub struct LocalMap<'a> {
    pub(super) addr: usize,
    pub(super) size: usize,
    pub(super) _slot: Option<Slot>,
    pub(super) aperture: &'a IoMapping,
    pub(super) local: PhantomData<Local>,
}

impl LocalMap<'_> {
    /// The virtual address of the first byte.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io_mapping::LocalMap;
    /// use kernel::{device::Device, prelude::*};
    ///
    /// fn trace(dev: &Device, page: &LocalMap<'_>) {
    ///     dev_dbg!(dev, "page at {:#x}\n", page.addr());
    /// }
    /// ```
    #[inline(always)]
    pub fn addr(&self) -> usize {
        self.addr
    }

    /// Bytes: a page, or what is left of the aperture.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io_mapping::LocalMap;
    /// use kernel::prelude::*;
    ///
    /// /// Copies as much as there is room for, and says how much.
    /// fn put(page: &LocalMap<'_>, data: &[u8]) -> Result<usize> {
    ///     let fits = data.get(..page.size()).unwrap_or(data);
    ///     page.try_copy_from_slice(0, fits)?;
    ///     Ok(fits.len())
    /// }
    /// ```
    #[inline(always)]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Maps another page of the aperture while this one is mapped. The nested guard borrows this
    /// one, so that they are unmapped in reverse order. Guards that do not nest may be dropped in
    /// any order.
    ///
    /// # Errors
    ///
    /// As [`IoMapping::map_local`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Copies the first 64 bytes of a page to another.
    /// fn copy(memory: &IoMapping, from: u64, to: u64) -> Result {
    ///     let mut line = [0; 64];
    ///     let source = memory.map_local(from)?;
    ///     let target = source.map_local(to)?;
    ///     source.try_copy_to_slice(0, &mut line)?;
    ///     target.try_copy_from_slice(0, &line)
    /// }
    /// ```
    #[inline]
    pub fn map_local(&self, offset: ResourceSize) -> Result<LocalMap<'_>> {
        self.aperture.map_local(offset)
    }
}

impl_views!(LocalMap<'_>, Local);

/// Preemption (on `PREEMPT_RT`: migration) and page faults off, until dropped.
///
/// # Invariants
///
/// They were turned off for this section, by the task that has it: it cannot be sent.
pub(super) struct AtomicSection(PhantomData<Local>);

impl AtomicSection {
    #[inline(always)]
    pub(super) fn new() -> Self {
        preempt::map_atomic_begin();
        // INVARIANT: off, just now.
        Self(PhantomData)
    }
}

impl Drop for AtomicSection {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: By the invariant they were turned off for this section, by the same task.
        unsafe { preempt::map_atomic_end() };
    }
}

/// A page of an aperture, mapped while preemption and page faults are off. See
/// [`IoMapping::map_atomic`]. Lends what a [`LocalMap`] lends.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io_mapping::AtomicMap, IoMapping};
/// use kernel::{io::Io, prelude::*};
///
/// /// Both words before anybody else runs on this CPU.
/// fn both(page: AtomicMap<'_>) -> Result<(u32, u32)> {
///     Ok((page.try_read32(0)?, page.try_read32(4)?))
/// }
///
/// fn state(memory: &IoMapping) -> Result<(u32, u32)> {
///     both(memory.map_atomic(0)?)
/// }
/// ```
pub struct AtomicMap<'a> {
    // Dropped in this order: a slot is given back on the CPU where it was taken.
    pub(super) map: LocalMap<'a>,
    pub(super) _section: AtomicSection,
}

impl<'a> core::ops::Deref for AtomicMap<'a> {
    type Target = LocalMap<'a>;

    #[inline(always)]
    fn deref(&self) -> &LocalMap<'a> {
        &self.map
    }
}
