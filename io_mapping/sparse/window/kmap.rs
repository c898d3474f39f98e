// SPDX-License-Identifier: GPL-2.0

//! The window backend `kmap`: slots are the kernel's `kmap_local` maps, of which each task has a
//! stack.
//!
//! When the stack is full, the next map is a `BUG()` in the kernel, even if an interrupt makes it or
//! a page allocation of the holder. So the last four maps are left to others.

use super::{groups_per_cpu, out_of_slots, SlotAddr};
use crate::mm::cache_mode::Protection;
use crate::mm::kmap::KmapLocal;
use crate::tracking::counters::Counter;
use core::num::NonZero;
use kernel::prelude::*;

/// The kernel keeps its maps, so that there is nothing to store here.
pub(crate) struct Window;

/// Has the same name as in the other backend, and nothing to keep.
pub(crate) struct Registration(());

/// Marks an atomic map in the number of a slot. [`KmapLocal`] leaves this bit clear.
const ATOMIC: usize = 1 << 11;

impl Window {
    /// Checks `per_cpu` and does nothing else, as the kernel decides how many slots there are.
    ///
    /// # Errors
    ///
    /// Those of [`groups_per_cpu`].
    pub(crate) fn register(per_cpu: u32) -> Result<Registration> {
        groups_per_cpu(per_cpu)?;
        Ok(Registration(()))
    }

    #[inline(always)]
    pub(crate) fn get() -> Result<&'static Self> {
        Ok(&Self)
    }

    /// Maps the page at physical address `phys` with protection `prot`.
    ///
    /// # Errors
    ///
    /// `EAGAIN` where the task has only the last four maps left.
    ///
    /// # Context
    ///
    /// Any but NMI. A hard interrupt must have interrupts off.
    #[inline]
    pub(crate) fn map_local(&'static self, phys: u64, prot: Protection) -> SlotAddr {
        Self::map(phys, prot, 0)
    }

    /// As [`Self::map_local`], counted as an atomic map. The kernel keeps the caller on its CPU in
    /// either case.
    #[inline]
    pub(crate) fn map_atomic(&'static self, phys: u64, prot: Protection) -> SlotAddr {
        Self::map(phys, prot, ATOMIC)
    }

    #[inline(always)]
    fn map(phys: u64, prot: Protection, atomic: usize) -> SlotAddr {
        let Some(map) = KmapLocal::new(phys, prot.as_raw()) else {
            return out_of_slots();
        };
        let counter = if atomic == 0 {
            Counter::SlotLocalMaps
        } else {
            Counter::SlotAtomicMaps
        };
        counter.count();
        // INVARIANT: The page is mapped until the kernel's map is given up. The number says which map
        // that is.
        SlotAddr {
            addr: map.addr(),
            slot: Some(map.into_raw() | atomic),
        }
    }

    /// Returns `None`, as the kernel does not tell how many maps are in use.
    pub(crate) fn in_use(&self) -> Option<u32> {
        None
    }

    /// Returns no page, as the kernel does not tell which pages are mapped.
    pub(crate) fn pages(&self) -> impl Iterator<Item = u64> {
        core::iter::empty()
    }
}

/// Gives a slot back.
///
/// # Safety
///
/// `slot` is the number that [`Window::map_local`] or [`Window::map_atomic`] has made in this task or
/// interrupt, and it has not been given back.
// Out of line, as a user's module cannot call what it needs.
#[inline(never)]
pub(super) unsafe fn release(slot: NonZero<usize>) {
    let counter = if slot.get() & ATOMIC == 0 {
        Counter::SlotLocalUnmaps
    } else {
        Counter::SlotAtomicUnmaps
    };
    counter.count();
    let Some(map) = NonZero::new(slot.get() & !ATOMIC) else {
        return;
    };
    // SAFETY: Our caller guarantees that the map is of this task or interrupt and has not been given
    // up. `map` is its number, without the bit that we have added.
    unsafe { KmapLocal::from_raw(map).unmap() };
}
