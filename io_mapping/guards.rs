// SPDX-License-Identifier: GPL-2.0

//! The guards of maps. See the [module above](super).
//!
//! A guard gives something back when it is dropped, and what it borrows must still be there then.
//! The compiler sees that of a type with a lifetime that implements `Drop`.

use super::IoMapping;
use crate::io::{impl_views, Local, Shared};
use crate::io_mapping::sparse::chunks::TrackedArea;
use crate::io_mapping::sparse::window::Slot;
use crate::ioremap::ResourceSize;
use crate::mm::preempt;
use core::marker::PhantomData;
use kernel::prelude::*;

/// A part of an aperture, mapped for any task. See [`IoMapping::map`].
///
/// Dropping it may sleep, and may be done in reclaim. If it is leaked, what it maps may stay mapped forever.
///
/// # Invariants
///
/// The `size` bytes from `addr` on are mapped to a part of the aperture, for as long as the guard
/// exists.
pub struct Map<'a> {
    pub(super) addr: usize,
    pub(super) size: usize,
    pub(super) _area: Option<TrackedArea>,
    pub(super) aperture: PhantomData<&'a IoMapping>,
}

impl_views!(Map<'_>, Shared);

impl Drop for Map<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // `_area` is dropped after this. What this says: the aperture is there until then.
    }
}

/// A page of an aperture, mapped for the calling task. See [`IoMapping::map_local`].
///
/// If it is leaked, its slot is not used again. With the [window](crate::window) backend `kmap` the
/// task also stays on its CPU then, which cannot go offline before the task has ended.
///
/// # Invariants
///
/// The `size` bytes from `addr` on, at most a page, are mapped to a part of the aperture, for as long
/// as the guard exists. `addr` is a multiple of the page size.
pub struct LocalMap<'a> {
    pub(super) addr: usize,
    pub(super) size: usize,
    pub(super) _slot: Option<Slot<'a>>,
    pub(super) aperture: &'a IoMapping,
    pub(super) local: PhantomData<Local>,
}

impl LocalMap<'_> {
    /// Maps another page of the aperture while this one is mapped.
    ///
    /// The new guard borrows this one, so that it is dropped first. Guards that both come from
    /// [`IoMapping::map_local`] may be dropped in any order.
    ///
    /// # Errors
    ///
    /// As [`IoMapping::map_local`].
    ///
    /// # Context
    ///
    /// As [`IoMapping::map_local`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Copies the first 64 bytes of a page to another page.
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

macro_rules! impl_getters {
    ($($guard:ident: $size:literal,)*) => {$(
        impl $guard<'_> {
            /// The virtual address of the first byte.
            #[inline(always)]
            pub fn addr(&self) -> usize {
                self.addr
            }

            #[doc = $size]
            #[inline(always)]
            pub fn size(&self) -> usize {
                self.size
            }
        }
    )*};
}

impl_getters! {
    Map: "The number of bytes that were asked for.",
    LocalMap: "The number of bytes: a page, or what the aperture has left there.",
}

/// Turns preemption (on `PREEMPT_RT`: migration) and page faults off until it is dropped.
///
/// # Invariants
///
/// Preemption (or migration) and page faults have been turned off once for this section, by the task
/// that holds it. It cannot be sent to another task.
pub(super) struct AtomicSection(PhantomData<Local>);

impl AtomicSection {
    #[inline(always)]
    pub(super) fn new() -> Self {
        preempt::map_atomic_begin();
        // INVARIANT: Turned off just now, by this task.
        Self(PhantomData)
    }
}

impl Drop for AtomicSection {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: By the invariants of `AtomicSection` `map_atomic_begin` was called once for this
        // section, by this task.
        unsafe { preempt::map_atomic_end() };
    }
}
