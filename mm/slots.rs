// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! A bitmap of up to 64 slots.
//!
//! The slots of a CPU are used there only, but by tasks that preempt each other and by interrupts at
//! any point. The slots for records of mappings are used by all CPUs. So a bit is set or cleared by
//! one atomic operation, never under a lock. Pure logic without kernel imports: `selftests/host`
//! tests it with loom and proptest.

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

    /// Gives back `slot`, which was taken.
    #[inline(always)]
    pub(crate) fn put(&self, slot: u32) {
        // INVARIANT: it exists, as it was taken, and nobody has it any more.
        // Release: what its holder did to the slot is done.
        self.taken.fetch_and(!(1 << slot), Ordering::Release);
    }

    /// The number of slots in use, those that do not exist included.
    pub(crate) fn taken(&self) -> u32 {
        self.taken.load(Ordering::Relaxed).count_ones()
    }
}
