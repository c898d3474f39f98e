// SPDX-License-Identifier: GPL-2.0

//! The guards of the three kinds of map. See the [module above](super).

use super::IoMapping;
use crate::{
    bindings,
    io::{impl_views, Local, Shared},
    vm_area::VmArea,
    window::Slot,
};
use core::marker::PhantomData;
use kernel::{io::ResourceSize, prelude::*};

/// Where the bytes of a guard are: its fields `addr` and `size`.
macro_rules! impl_extent {
    ($guard:ident, $bytes:literal) => {
        impl $guard<'_> {
            /// The virtual address of the first byte.
            #[inline(always)]
            pub fn addr(&self) -> usize {
                self.addr
            }

            #[doc = $bytes]
            #[inline(always)]
            pub fn size(&self) -> usize {
                self.size
            }
        }
    };
}

/// A piece of an aperture, mapped for any task. See [`IoMapping::map`].
///
/// Dropping it may sleep. Where it is leaked, what it maps may stay mapped for ever.
///
/// # Invariants
///
/// `size` bytes from `addr` on are mapped to a part of the aperture, for as long as the guard lives.
pub struct Map<'a> {
    pub(super) addr: usize,
    pub(super) size: usize,
    pub(super) _area: Option<VmArea>,
    pub(super) aperture: PhantomData<&'a IoMapping>,
}

impl_extent!(Map, "Bytes.");
impl_views!(Map<'_>, Shared);

/// A page of an aperture, mapped for the calling task. See [`IoMapping::map_local`].
///
/// A guard that is leaked breaks nothing. But its slot is lost, and the task stays on its CPU, which
/// then cannot go off line before the task has ended.
///
/// # Invariants
///
/// `size` bytes from `addr` on are mapped to a part of the aperture, for as long as the guard lives.
pub struct LocalMap<'a> {
    pub(super) addr: usize,
    pub(super) size: usize,
    pub(super) _slot: Option<Slot>,
    pub(super) aperture: &'a IoMapping,
    pub(super) local: PhantomData<Local>,
}

impl_extent!(LocalMap, "Bytes: a page, or what is left of the aperture.");
impl_views!(LocalMap<'_>, Local);

impl LocalMap<'_> {
    /// Maps another page of the aperture while this one is mapped. The nested guard borrows this
    /// one, so that they are unmapped in reverse order. Guards that do not nest may be dropped in
    /// any order.
    ///
    /// # Errors
    ///
    /// As [`IoMapping::map_local`].
    #[inline]
    pub fn map_local(&self, offset: ResourceSize) -> Result<LocalMap<'_>> {
        self.aperture.map_local(offset)
    }
}

/// Preemption (on `PREEMPT_RT`: migration) and page faults off, until dropped.
///
/// # Invariants
///
/// They were turned off for this section, by the task that has it: it cannot be sent.
pub(super) struct AtomicSection(PhantomData<Local>);

impl AtomicSection {
    /// The section, and the CPU that it keeps us on.
    #[inline(always)]
    pub(super) fn new() -> (Self, u32) {
        let cpu = bindings::iomrs_map_atomic_begin();
        // INVARIANT: off, just now.
        (Self(PhantomData), cpu)
    }
}

impl Drop for AtomicSection {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: By the invariant they were turned off for this section, by the same task.
        unsafe { bindings::iomrs_map_atomic_end() };
    }
}

/// A page of an aperture, mapped while preemption and page faults are off. See
/// [`IoMapping::map_atomic`]. Lends what a [`LocalMap`] lends.
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
