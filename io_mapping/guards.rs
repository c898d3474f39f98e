// SPDX-License-Identifier: GPL-2.0

//! The guards of the three kinds of map. See the [module above](super).

use super::IoMapping;
use crate::io::{impl_views, Local, Shared};
use crate::io_mapping::sparse::chunks::TrackedArea;
use crate::io_mapping::sparse::window::Slot;
use crate::mm::preempt;
use core::marker::PhantomData;
use kernel::{io::ResourceSize, prelude::*};

/// A part of an aperture, mapped for any task. See [`IoMapping::map`].
///
/// Dropping it may sleep. If it is leaked, what it maps may stay mapped forever.
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

/// A page of an aperture, mapped for the calling task. See [`IoMapping::map_local`].
///
/// It is safe to leak it. But then its slot stays in use, and the task stays on its CPU, which cannot
/// go offline before the task has ended.
///
/// # Invariants
///
/// The `size` bytes from `addr` on, at most a page, are mapped to a part of the aperture, for as long
/// as the guard exists. `addr` is a multiple of the page size.
pub struct LocalMap<'a> {
    pub(super) addr: usize,
    pub(super) size: usize,
    pub(super) _slot: Option<Slot>,
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

/// A page of an aperture, mapped while preemption and page faults are off. See
/// [`IoMapping::map_atomic`]. It dereferences to a [`LocalMap`].
pub struct AtomicMap<'a> {
    // Dropped in this order: the slot must be given back on the CPU on which it was taken.
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
