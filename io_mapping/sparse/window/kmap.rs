// SPDX-License-Identifier: GPL-2.0

//! Slots of the kernel's own: `kmap_local`, on a stack that each task has.
//!
//! A full stack is a BUG for whoever maps next, be it an interrupt or what allocates a page for the
//! holder. So the last four maps are left to others.

use super::{out_of_slots, SlotAddr, SlotUsage};
use crate::mm::cache_mode::Protection;
use crate::mm::kmap::KmapLocal;
use crate::tracking::counters::Counter;
use core::num::NonZero;
use kernel::prelude::*;

/// The kernel's maps: there is nothing to keep.
pub(crate) struct Window;

/// As for the other backend.
pub(crate) struct Registration(());

/// This bit says that the map is an atomic one; [`KmapLocal`] leaves it clear.
const ATOMIC: usize = 1 << 11;

impl Window {
    /// The kernel decides how many slots there are, so that `per_cpu` is only checked.
    ///
    /// # Errors
    ///
    /// `EINVAL` unless `per_cpu` is a power of two of at most 64.
    pub(crate) fn register(per_cpu: u32) -> Result<Registration> {
        if !per_cpu.is_power_of_two() || per_cpu > crate::mm::slots::MAX_SLOTS {
            return Err(EINVAL);
        }
        Ok(Registration(()))
    }

    #[inline(always)]
    pub(crate) fn get() -> Result<&'static Self> {
        Ok(&Self)
    }

    /// Maps the page at physical address `phys` protected by `prot`.
    ///
    /// # Errors
    ///
    /// `EAGAIN` where the task has no maps left but the last four.
    ///
    /// # Context
    ///
    /// Any but NMI; in a hard interrupt, with interrupts off.
    #[inline]
    pub(crate) fn map_local(&'static self, phys: u64, prot: Protection) -> SlotAddr {
        Self::map(phys, prot, 0)
    }

    /// As [`Self::map_local`]: the kernel keeps the caller on its CPU in any case.
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
        SlotAddr {
            addr: map.addr(),
            slot: Some(map.into_raw() | atomic),
        }
    }

    /// The kernel does not tell.
    pub(crate) fn usage(&self) -> Option<SlotUsage> {
        None
    }

    /// As above.
    pub(crate) fn pages(&self) -> impl Iterator<Item = u64> {
        core::iter::empty()
    }
}

/// Gives a map back.
///
/// # Safety
///
/// `word` came from [`Window::map_local`] in this task or interrupt and has not been given back.
// Not inlined, as a user's module cannot reach the shims.
#[inline(never)]
pub(super) unsafe fn release(word: NonZero<usize>) {
    let counter = if word.get() & ATOMIC == 0 {
        Counter::SlotLocalUnmaps
    } else {
        Counter::SlotAtomicUnmaps
    };
    counter.count();
    let Some(word) = NonZero::new(word.get() & !ATOMIC) else {
        return;
    };
    // SAFETY: As required of our caller.
    unsafe { KmapLocal::from_raw(word).unmap() };
}
