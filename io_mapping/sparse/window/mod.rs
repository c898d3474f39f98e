// SPDX-License-Identifier: GPL-2.0

//! Temporary maps of single pages, by slots.
//!
//! A map takes a slot and writes its page-table entry. Unmapping clears the entry and gives the slot
//! back. There is no lock and no allocation, so that it works in any context but NMI, and slots may
//! be given back in any order.
//!
//! | backend | where | slots |
//! |---|---|---|
//! | `percpu` | everywhere | for local maps, as many per CPU as a module parameter says; for atomic maps 64 per CPU |
//! | `kmap` | 32-bit ARM with LPAE, if built with `IOMRS_WINDOW=kmap` | the kernel's, per task |
//!
//! With `percpu` the holder of a local map may be migrated. So its slot is used again only after the
//! translations of all CPUs have been flushed: by an interrupt to all of them, once every
//! `window_slots=` (512) local maps of a CPU. An atomic map never causes one. Its slot is invalidated
//! on its CPU, which the holder does not leave.
//!
//! With `kmap` the kernel keeps the holder of any slot on its CPU.
//!
//! Drivers do not use the window themselves: [`IoMapping`](crate::IoMapping) does. A driver that holds
//! many maps at once must expect that slots run out:
//!
//! ```
//! use io_mapping_rs::IoMapping;
//! use kernel::{page::PAGE_SIZE, prelude::*};
//!
//! /// Takes a slot. If all are in use, it maps for any task, which takes none and may sleep.
//! fn status(memory: &IoMapping) -> Result<u32> {
//!     match memory.map_local(0) {
//!         Err(err) if err == EAGAIN => memory.map(0, PAGE_SIZE as u64)?.try_read32(0),
//!         page => page?.try_read32(0),
//!     }
//! }
//! ```
//!
//! C: `__kmap_local_pfn_prot()` in [`mm/highmem.c`](srctree/mm/highmem.c)

use crate::mm::slots::MAX_SLOTS;
use crate::tracking::counters::Counter;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::num::NonZero;
use kernel::prelude::*;

#[cfg(not(iomrs_window_kmap))]
mod percpu;
#[cfg(not(iomrs_window_kmap))]
use percpu as backend;

#[cfg(iomrs_window_kmap)]
mod kmap;
#[cfg(iomrs_window_kmap)]
use kmap as backend;

pub(crate) use backend::{Registration, Window};

/// The window backend that this module was built with: `"percpu"` or `"kmap"`.
pub const WINDOW: &str = if cfg!(iomrs_window_kmap) {
    "kmap"
} else {
    "percpu"
};

/// Returns how many maps have failed because all slots were in use, since the module was loaded.
pub fn exhausted() -> u64 {
    Counter::SlotExhaustions.total()
}

/// Counts a map that failed because all slots are in use. Returns the error of the map.
#[cold]
fn out_of_slots() -> SlotAddr {
    Counter::SlotExhaustions.count();
    SlotAddr::error(EAGAIN)
}

/// The most slots for local maps that a CPU can have.
const MAX_PER_CPU: u32 = 4096;

/// Returns how many groups of [`MAX_SLOTS`] slots a CPU has for local maps.
///
/// # Errors
///
/// `EINVAL` where `per_cpu` slots are not as many as groups have, or more than [`MAX_PER_CPU`].
fn groups_per_cpu(per_cpu: u32) -> Result<usize> {
    if per_cpu == 0 || per_cpu % MAX_SLOTS != 0 || per_cpu > MAX_PER_CPU {
        return Err(EINVAL);
    }
    // CAST: At most 64.
    Ok((per_cpu / MAX_SLOTS) as usize)
}

/// A slot that is in use, for `'a` at the most. It is given back on drop.
///
/// The number means something to the backend only. It is one number so that a guard fits into
/// registers.
///
/// # Invariants
///
/// - The backend has made the number for a slot that is in use, and no other `Slot` has the same.
/// - If the slot is for one CPU, its holder stays there: it is an interrupt, or has an
///   `AtomicSection` that is dropped later.
///
/// What is borrowed for `'a` must be there when the slot is dropped, as `Slot` implements `Drop`.
pub(crate) struct Slot<'a>(NonZero<usize>, PhantomData<&'a ()>);

impl Slot<'_> {
    /// Returns the number, to be given back by [`from_raw`](Self::from_raw).
    pub(crate) fn into_raw(self) -> NonZero<usize> {
        ManuallyDrop::new(self).0
    }

    /// # Safety
    ///
    /// [`into_raw`](Self::into_raw) has returned the number, which is used once for this. If the slot is
    /// for one CPU, the caller is there, and stays there until it drops the slot.
    pub(crate) unsafe fn from_raw(number: NonZero<usize>) -> Self {
        // INVARIANT: Our caller guarantees that it was the number of a `Slot` that is not there any more.
        Self(number, PhantomData)
    }
}

impl Drop for Slot<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: By the invariants of `Slot` the number is the backend's for a slot in use that
        // nobody else gives back, and if the slot is for one CPU, this is that CPU.
        unsafe { backend::release(self.0) };
    }
}

/// The address of a mapped page and the slot that keeps it mapped, or an error.
///
/// It fits into two registers. A `Result` of the two would be returned in memory.
///
/// # Invariants
///
/// - `addr` is the address of a page that is mapped for as long as `slot` is in use, or there is no `slot`
///   and it is a negative errno.
/// - `slot` is a number that the backend has made for a slot in use.
#[derive(Clone, Copy)]
#[must_use]
pub(crate) struct SlotAddr {
    addr: usize,
    slot: Option<NonZero<usize>>,
}

impl SlotAddr {
    #[inline(always)]
    pub(crate) fn error(err: Error) -> Self {
        // INVARIANT: A negative errno, without a slot. CAST: As in C's `ERR_PTR()`.
        Self {
            addr: err.to_errno() as usize,
            slot: None,
        }
    }

    /// Returns the address of the page and its slot, or the error.
    ///
    /// # Safety
    ///
    /// It is called once at most for a `SlotAddr` and its copies.
    #[inline(always)]
    pub(crate) unsafe fn claim<'a>(self) -> Result<(usize, Slot<'a>)> {
        match self.slot {
            // INVARIANT: The backend has made the number, and our caller guarantees that no other `Slot`
            // is made of it. It has asked for a slot for one CPU only if it stays there.
            Some(number) => Ok((self.addr, Slot(number, PhantomData))),
            // CAST: Back to the errno.
            None => Err(Error::from_errno(self.addr as i32)),
        }
    }
}

#[cfg(iomrs_kunit)]
#[kunit_tests(iomrs_window)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mm::cache_mode::{CacheMode, Protection};
    use crate::mm::machine;
    use crate::mm::page_table::Entry;
    use crate::mm::phys_range::PAGE_SIZE;

    fn prot() -> Protection {
        Protection::new(CacheMode::Uncached, false, false)
    }

    /// Physical addresses that nothing uses. The tests map them and never access them.
    fn phys(page: u64) -> u64 {
        (1 << machine::phys_bits()) - (page + 1) * PAGE_SIZE
    }

    struct Mapped {
        addr: usize,
        _slot: Slot<'static>,
    }

    impl Mapped {
        fn addr(&self) -> usize {
            self.addr
        }
    }

    fn map(page: u64) -> Result<Mapped> {
        let slot_addr = Window::get()?.map_local(phys(page), prot());
        // SAFETY: It is claimed here only.
        let (addr, _slot) = unsafe { slot_addr.claim()? };
        Ok(Mapped { addr, _slot })
    }

    /// Whether the slot's page-table entry maps the page with this number.
    fn maps(slot: &Mapped, page: u64) -> bool {
        let entry = Entry::lookup(slot.addr()).map(|entry| entry.raw());
        let same = |raw| raw & machine::phys_mask() & !(PAGE_SIZE - 1) == phys(page);
        entry.is_some_and(same)
    }

    #[test]
    fn a_slot_has_its_own_page_until_it_is_dropped() {
        let first = map(0).unwrap();
        let second = map(1).unwrap();
        assert_ne!(first.addr(), second.addr());
        assert!(maps(&first, 0) && maps(&second, 1));
        let addr = second.addr();
        drop(second);
        assert!(Entry::lookup(addr).is_none());
        assert!(maps(&first, 0));
    }

    /// Drops four slots in each order that there is. Those that are left keep their pages.
    #[test]
    fn s11_any_order_of_release_is_safe() {
        for order in 0..24usize {
            let mut slots = [0, 1, 2, 3].map(|page| map(page).ok());
            let mut code = order;
            for choices in [4, 3, 2, 1] {
                let choice = code % choices;
                code /= choices;
                let in_use = slots.iter_mut().filter(|slot| slot.is_some()).nth(choice);
                *in_use.unwrap() = None;
                for (page, slot) in slots.iter().enumerate() {
                    assert!(slot.as_ref().is_none_or(|slot| maps(slot, page as u64)));
                }
            }
            assert!(slots.iter().all(Option::is_none));
        }
    }

    #[test]
    fn s10_out_of_slots_is_eagain_and_passes() {
        let before = exhausted();
        let mut slots = KVec::new();
        let err = loop {
            match map(slots.len() as u64) {
                Ok(slot) => slots.push(slot, GFP_KERNEL).unwrap(),
                Err(err) => break err,
            }
        };
        assert_eq!(err, EAGAIN);
        assert_eq!(exhausted(), before + 1);
        assert!(slots.len() >= 11);
        assert!(slots
            .iter()
            .enumerate()
            .all(|(page, slot)| maps(slot, page as u64)));
        drop(slots.pop());
        assert!(map(99).is_ok());
        drop(slots);
        assert!(map(99).is_ok());
    }
}
