// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! A bitmap of up to 64 slots.
//!
//! Slots are used by tasks that preempt each other, by interrupts at any point, and by all CPUs. So
//! a bit is set or cleared by one atomic operation, never under a lock. Pure logic without kernel
//! imports: `selftests/host` tests it with loom and proptest.

use core::num::NonZero;
// No C code looks at these words, so Rust's own atomics will do.
#[cfg(not(loom))]
use core::sync::atomic::{AtomicU64, Ordering};
#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, Ordering};

/// The most slots that there can be.
pub(crate) const MAX_SLOTS: u32 = u64::BITS;

/// Slots, of which each has one holder or none.
///
/// # Invariants
///
/// A bit of `taken` is clear if and only if the slot of that number exists and nobody has it.
pub(crate) struct Slots {
    taken: AtomicU64,
}

impl Slots {
    /// `count` free slots, at most [`MAX_SLOTS`].
    pub(crate) fn new(count: u32) -> Self {
        // INVARIANT: slots that do not exist are taken for ever.
        Self {
            taken: AtomicU64::new(u64::MAX.checked_shl(count).unwrap_or(0)),
        }
    }

    /// Takes the lowest free slot, if there is one.
    #[inline(always)]
    pub(crate) fn take(&self) -> Option<u32> {
        let mut taken = self.taken.load(Ordering::Relaxed);
        while let Some(free) = NonZero::new(!taken) {
            let slot = free.trailing_zeros();
            // Acquire: what the last holder did to the slot is done.
            match self.taken.compare_exchange_weak(
                taken,
                taken | 1 << slot,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                // INVARIANT: it was clear, and is ours now.
                Ok(_) => return Some(slot),
                Err(now) => taken = now,
            }
        }
        None
    }

    /// Takes the lowest free slot by one instruction, without a loop.
    ///
    /// Returns `None` also where somebody else takes that slot at the same time.
    #[inline(always)]
    pub(crate) fn take_at_once(&self) -> Option<u32> {
        let free = NonZero::new(!self.taken.load(Ordering::Relaxed))?;
        let slot = free.trailing_zeros();
        let bit = 1 << slot;
        // INVARIANT: Where it was clear it is ours now. Else it stays as it is.
        // Acquire: what the last holder did to the slot is done.
        let was_free = self.taken.fetch_or(bit, Ordering::Acquire) & bit == 0;
        was_free.then_some(slot)
    }

    /// Gives back `slot`, which was taken.
    #[inline(always)]
    pub(crate) fn put(&self, slot: u32) {
        // INVARIANT: it exists, as it was taken, and nobody has it any more.
        // Release: what its holder did to the slot is done.
        self.taken.fetch_and(!(1 << slot), Ordering::Release);
    }

    /// Gives back the slots whose bits are set in `slots`, which were taken.
    #[inline(always)]
    pub(crate) fn put_all(&self, slots: u64) {
        // INVARIANT, Release: As for `put`.
        self.taken.fetch_and(!slots, Ordering::Release);
    }

    /// The number of slots in use, those that do not exist included.
    pub(crate) fn taken(&self) -> u32 {
        self.taken.load(Ordering::Relaxed).count_ones()
    }
}

/// Slots that have to be cleaned between two holders. How that is done is the caller's business.
///
/// # Invariants
///
/// - A slot whose bit is set in `dirty` is taken. Its last holder has given it back.
/// - Nobody but [`take_dirty`](Self::take_dirty) clears a bit of `dirty`.
pub(crate) struct DirtySlots {
    slots: Slots,
    dirty: AtomicU64,
}

impl DirtySlots {
    /// `count` clean slots, at most [`MAX_SLOTS`].
    pub(crate) fn new(count: u32) -> Self {
        // INVARIANT: No slot is dirty.
        Self {
            slots: Slots::new(count),
            dirty: AtomicU64::new(0),
        }
    }

    /// Takes the lowest clean slot, if there is one.
    #[inline(always)]
    pub(crate) fn take(&self) -> Option<u32> {
        self.slots.take()
    }

    /// As [`take`](Self::take). `None` also where somebody else takes a slot at the same time.
    #[inline(always)]
    pub(crate) fn take_at_once(&self) -> Option<u32> {
        self.slots.take_at_once()
    }

    /// Gives back `slot`, which was taken, and is clean.
    #[inline(always)]
    pub(crate) fn put_clean(&self, slot: u32) {
        self.slots.put(slot);
    }

    /// Gives back `slot`, which was taken, and has to be cleaned.
    #[inline(always)]
    pub(crate) fn put_dirty(&self, slot: u32) {
        // INVARIANT: It stays taken, and its holder gives it back.
        // Release: what its holder did to the slot is done, before anybody begins to clean it.
        self.dirty.fetch_or(1 << slot, Ordering::Release);
    }

    /// Takes all slots that have to be cleaned, a bit for each. The caller cleans them, and gives
    /// them to [`put_all_clean`](Self::put_all_clean).
    #[inline(always)]
    pub(crate) fn take_dirty(&self) -> u64 {
        // Acquire: what the last holders did to the slots is done.
        self.dirty.swap(0, Ordering::Acquire)
    }

    /// Gives back the slots whose bits are set in `slots`. [`take_dirty`](Self::take_dirty) has
    /// returned them, and they are clean now.
    #[inline(always)]
    pub(crate) fn put_all_clean(&self, slots: u64) {
        self.slots.put_all(slots);
    }

    /// Whether there are slots that have to be cleaned.
    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty.load(Ordering::Relaxed) != 0
    }

    /// The number of slots that somebody holds or cleans, those that do not exist included.
    pub(crate) fn held(&self) -> u32 {
        let dirty = self.dirty.load(Ordering::Relaxed).count_ones();
        self.slots.taken().saturating_sub(dirty)
    }
}
