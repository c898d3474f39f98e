// SPDX-License-Identifier: GPL-2.0

//! The pages of one task or timer, and what it wrote to them last.

use super::counts::Counter;
use crate::{
    random::Random,
    support::{outcome::*, ranges::PAGE},
};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use kernel::prelude::*;

/// Pages of each owner.
pub(super) const PAGES: usize = 256;
/// How many owners there is room for. Pages next to each other have different owners.
const OWNERS: u64 = 8;
/// Bytes of all owners' pages.
pub(super) const SIZE: u64 = OWNERS * PAGES as u64 * PAGE;

/// Returns a number whose every bit depends on `seed`.
fn hash(seed: u64) -> u64 {
    Random::new(seed).next()
}

/// A task or a timer. It alone accesses its pages, and uses this.
pub(super) struct Owner {
    id: u64,
    /// The round in which each page was written last: not in place, as a stack has not as much room.
    written: KVec<AtomicU32>,
    random: AtomicU64,
}

impl Owner {
    pub(super) fn new(id: u64) -> Outcome<Self> {
        let mut written = check_ok!(KVec::with_capacity(PAGES, GFP_KERNEL));
        for _ in 0..PAGES {
            check_ok!(written.push(AtomicU32::new(0), GFP_KERNEL));
        }
        Ok(Self {
            id,
            written,
            random: AtomicU64::new(id + 1),
        })
    }

    /// Returns a pseudo-random number below `limit`.
    pub(super) fn random(&self, limit: u64) -> u64 {
        let next = hash(self.random.load(Ordering::Relaxed));
        self.random.store(next, Ordering::Relaxed);
        // CAST: Limits are small. 32-bit machines cannot divide in 64 bits.
        (next as usize % limit as usize) as u64
    }

    /// Returns any of its pages.
    pub(super) fn random_page(&self) -> usize {
        self.random(PAGES as u64) as usize
    }

    /// Returns where in the aperture a page is.
    pub(super) fn offset(&self, page: usize) -> u64 {
        (page as u64 * OWNERS + self.id) * PAGE
    }

    /// Returns the words of a page that are written: where they are, and what they hold after
    /// `round`.
    fn words(&self, page: usize, round: u32) -> impl Iterator<Item = (usize, u64)> + use<> {
        let seed = self.id << 56 | (page as u64) << 40 | u64::from(round) << 4;
        (0..8).map(move |word| {
            let value = if round == 0 { 0 } else { hash(seed | word) };
            (word as usize * 520, value)
        })
    }

    /// Returns how many bytes of the page that is mapped at `addr` are not what was written last.
    pub(super) fn count_wrong_bytes(&self, addr: usize, page: usize) -> u64 {
        let round = self.written[page].load(Ordering::Relaxed);
        let wrong = |(at, value): (usize, u64)| {
            // SAFETY: Callers hold a map of the page at `addr`, and the word is in it.
            let read = unsafe { ((addr + at) as *const u64).read_volatile() };
            let bytes = (read ^ value).to_le_bytes();
            bytes.iter().filter(|&&byte| byte != 0).count() as u64
        };
        self.words(page, round).map(wrong).sum()
    }

    /// Compares the page that is mapped at `addr` with what was written last, and writes it anew.
    pub(super) fn check_and_write(&self, addr: usize, page: usize, round: u32, wrong: &Counter) {
        wrong.add(self.count_wrong_bytes(addr, page));
        for (at, value) in self.words(page, round) {
            // SAFETY: Callers hold a map of the page at `addr`, and the word is in it.
            unsafe { ((addr + at) as *mut u64).write_volatile(value) };
        }
        self.written[page].store(round, Ordering::Relaxed);
    }
}
