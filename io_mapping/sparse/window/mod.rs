// SPDX-License-Identifier: GPL-2.0

//! Temporary maps of single pages, by per-CPU slots.
//!
//! A map takes a slot of this CPU and writes one entry; unmapping clears the entry, invalidates
//! this CPU's translation and gives the slot back. No lock, no interrupt to another CPU, no
//! allocation: any context but NMI will do, and any order of release.
//!
//! | backend | where | slots |
//! |---|---|---|
//! | `percpu` | everywhere | a module parameter, per CPU |
//! | `kmap` | with `CONFIG_KMAP_LOCAL`, where `IOMRS_WINDOW=kmap` asks for it | the kernel's, per task |
//!
//! The holder is not migrated: a local map turns migration off, an atomic one is made while the
//! caller has preemption off (on `PREEMPT_RT`: migration), for as long as the slot is held.
//!
//! A driver does not call any of it: [`IoMapping`](crate::IoMapping) does. It may mind that slots
//! run out, where it holds many maps at once:
//!
//! ```
//! use io_mapping_rs::IoMapping;
//! use kernel::{io::Io, page::PAGE_SIZE, prelude::*};
//!
//! /// By a slot, or where all are in use by a map that takes none, and may sleep.
//! fn status(memory: &IoMapping) -> Result<u32> {
//!     match memory.map_local(0) {
//!         Err(err) if err == EAGAIN => memory.map(0, PAGE_SIZE as u64)?.try_read32(0),
//!         page => page?.try_read32(0),
//!     }
//! }
//! ```
//!
//! C: `__kmap_local_pfn_prot()` in [`mm/highmem.c`](srctree/mm/highmem.c)

use crate::tracking::counters::Counter;
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

/// Which window backend this module was built with: `"percpu"` or `"kmap"`.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::window::WINDOW;
///
/// /// With the kernel's slots, a map in a hard interrupt needs interrupts off.
/// fn may_map_in_interrupt(interrupts_off: bool) -> bool {
///     WINDOW == "percpu" || interrupts_off
/// }
/// ```
pub const WINDOW: &str = if cfg!(iomrs_window_kmap) {
    "kmap"
} else {
    "percpu"
};

/// How often a map was refused because all slots were in use, since the module was loaded.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{window::exhausted, IoMapping};
/// use kernel::{device::Device, prelude::*};
///
/// fn first_byte(dev: &Device, aperture: &IoMapping) -> Result<u8> {
///     let mut byte = [0];
///     let page = aperture.map_local(0).inspect_err(|_| {
///         dev_warn!(dev, "no map; slots have run out {} times\n", exhausted());
///     })?;
///     page.try_copy_to_slice(0, &mut byte)?;
///     Ok(byte[0])
/// }
/// ```
pub fn exhausted() -> u64 {
    Counter::SlotExhaustions.total()
}

/// What becomes of a map where all slots are in use.
#[cold]
fn out_of_slots() -> SlotAddr {
    Counter::SlotExhaustions.count();
    SlotAddr::error(EAGAIN)
}

/// How many slots there are and were in use.
pub(crate) struct SlotUsage {
    /// Of all CPUs, now.
    pub(crate) in_use: u32,
    /// The most that were in use at once on one CPU.
    pub(crate) peak: u32,
}

/// A slot that is in use, given back on drop: on the CPU where it was taken, which its holder has
/// not left.
///
/// One word, whose meaning is the backend's, so that a guard stays in registers.
///
/// # Invariants
///
/// The word is one that the backend made for a slot that is taken, and nobody else has it. Its holder
/// stays on the slot's CPU until it is dropped: by what the slot itself does, or by an atomic section
/// that is dropped after it.
pub(crate) struct Slot(NonZero<usize>);

impl Drop for Slot {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: By the invariant the slot is ours to give back, once, and we are on its CPU.
        unsafe { backend::release(self.0) };
    }
}

/// Where a page is: its address, and the slot that keeps it there if it has one. Or an error.
///
/// Two registers, where a `Result` of the same would go through memory.
#[derive(Clone, Copy)]
#[must_use]
pub(crate) struct SlotAddr {
    addr: usize,
    slot: Option<NonZero<usize>>,
}

impl SlotAddr {
    #[inline(always)]
    pub(crate) fn error(err: Error) -> Self {
        // CAST: a negative errno, which no address is: as C's `ERR_PTR()`.
        Self {
            addr: err.to_errno() as usize,
            slot: None,
        }
    }

    /// The address and the slot.
    ///
    /// # Safety
    ///
    /// Called once for a place with a slot.
    #[inline(always)]
    pub(crate) unsafe fn claim(self) -> Result<(usize, Option<Slot>)> {
        if self.addr > usize::MAX - 4095 {
            // CAST: back to the errno.
            return Err(Error::from_errno(self.addr as i32));
        }
        // INVARIANT: the backend has made the word, and this is the only claim to it.
        Ok((self.addr, self.slot.map(Slot)))
    }
}

#[cfg(iomrs_kunit)]
#[kunit_tests(iomrs_window)]
mod tests {
    use super::*;
    use crate::mm::cache_mode::{CacheMode, Protection};
    use crate::mm::machine;
    use crate::mm::page_table::Entry;
    use crate::mm::phys_range::PAGE_SIZE;

    fn prot() -> Protection {
        Protection::new(CacheMode::Uncached, false, false)
    }

    /// Device memory that nobody has, never accessed here.
    fn phys(page: u64) -> u64 {
        (1 << machine::phys_bits()) - (page + 1) * PAGE_SIZE
    }

    struct Mapped {
        addr: usize,
        _slot: Option<Slot>,
    }

    impl Mapped {
        fn addr(&self) -> usize {
            self.addr
        }
    }

    fn map(page: u64) -> Result<Mapped> {
        let place = Window::get()?.map_local(phys(page), prot());
        // SAFETY: Claimed once.
        let (addr, _slot) = unsafe { place.claim()? };
        Ok(Mapped { addr, _slot })
    }

    /// The pages that a slot's entry maps: whether they are the one that was asked for.
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

    /// All orders in which four slots can be dropped: what is left keeps its page.
    #[test]
    fn s11_any_order_of_release_is_safe() {
        for order in 0..24usize {
            let mut slots = [0, 1, 2, 3].map(|page| map(page).ok());
            let mut code = order;
            for choices in [4, 3, 2, 1] {
                let choice = code % choices;
                code /= choices;
                let live = slots.iter_mut().filter(|slot| slot.is_some()).nth(choice);
                *live.unwrap() = None;
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
