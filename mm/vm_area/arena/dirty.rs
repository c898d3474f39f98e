// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Parts of units that have been unmapped, but that the TLB of some CPU may still know.
//!
//! Such a part is dirty. It must not be handed out again before a flush on every CPU that began after
//! the part was unmapped has ended. One flush cleans all parts that were dirty when it began. Parts
//! stand in a queue in the order in which they came, so that a flush is told by how many came before
//! it began. Any number of flushes may be under way, and they may end in any order.
//!
//! Nothing is allocated when a part becomes dirty, and there is always a place for it: it is reserved
//! when the part is taken, where the caller may fail or wait for memory. Pure logic without kernel
//! imports: `selftests/host` tests it against a naive model, and with flushes of simulated TLBs.

use core::ops::DerefMut;

/// The bits of the first page of a part, and of the number of its pages, where it is a word.
const PAGE_BITS: u32 = 28;

/// A part of a unit: `pages` pages from `first` on, and the guard page behind them. Numbers of pages
/// have 28 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) unit: u8,
    pub(crate) first: u32,
    pub(crate) pages: u32,
}

impl Part {
    /// Returns the part whose [`word`](Self::word) it is.
    #[inline(always)]
    pub(crate) fn from_word(word: u64) -> Self {
        let mask = (1 << PAGE_BITS) - 1;
        // CAST: They fit, as the bits are cut off.
        Self {
            unit: (word >> (2 * PAGE_BITS)) as u8,
            first: (word >> PAGE_BITS & mask) as u32,
            pages: (word & mask) as u32,
        }
    }

    /// Returns it as one number, which is not 0 as there is a page.
    #[inline(always)]
    pub(crate) fn word(self) -> u64 {
        u64::from(self.unit) << (2 * PAGE_BITS)
            | u64::from(self.first) << PAGE_BITS
            | u64::from(self.pages)
    }

    /// This part and `other` as one, if only the guard page of one is between them.
    fn join(self, other: Self) -> Option<Self> {
        let pages = self.pages + 1 + other.pages;
        if self.unit != other.unit {
            None
        } else if self.first + self.pages + 1 == other.first {
            Some(Self { pages, ..self })
        } else if other.first + other.pages + 1 == self.first {
            Some(Self { pages, ..other })
        } else {
            None
        }
    }
}

/// A flush that has begun: which parts are clean when it has ended.
///
/// Where a flush fails, or was not on every CPU, this is dropped, and the parts stay dirty until a later
/// flush ends.
#[must_use = "without `Dirty::end_flush` no part becomes clean"]
pub(crate) struct Flush(u64);

/// How much may be dirty before a flush is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Pages.
    pub(crate) pages: usize,
    /// Entries of the queue. Parts side by side that come one after the other have one.
    pub(crate) entries: usize,
}

/// The queue of dirty parts, and of clean ones that their units do not have back yet.
///
/// `M` is the memory for it: a slice of words, or what dereferences to one, such as a vector. The
/// number of its words that counts is the largest power of two among them. Each part that has been taken or is
/// dirty has one.
///
/// Not synchronised: the caller has a lock. It does not hold it during a flush.
///
/// # Invariants
///
/// - `head <= clean <= begun <= tail`. Entry `i`, for `i` from `head` up to `tail`, is in word `i` modulo
///   the number of words. It is clean if `i < clean`.
/// - `begun` is the greatest `tail` at which a flush began, `clean` of those that have ended.
/// - `capacity` is the number of words that count.
/// - `tail - head + reserved` is at most the number of words that count.
/// - `pages` has the pages of all entries, `new_pages` of those from `begun` on.
pub(crate) struct Dirty<M> {
    metadata: M,
    capacity: usize,
    head: u64,
    clean: u64,
    begun: u64,
    tail: u64,
    reserved: usize,
    pages: usize,
    new_pages: usize,
    limits: Limits,
}

impl<M: DerefMut<Target = [u64]>> Dirty<M> {
    /// Returns an empty queue.
    pub(crate) fn new(metadata: M, limits: Limits) -> Self {
        // INVARIANT: There are no entries, no flush has begun, and nothing is reserved.
        Self {
            capacity: capacity_of(&metadata),
            metadata,
            head: 0,
            clean: 0,
            begun: 0,
            tail: 0,
            reserved: 0,
            pages: 0,
            new_pages: 0,
            limits,
        }
    }

    /// How many parts can be reserved or dirty at once.
    #[inline(always)]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Reserves the place that a part needs once it is dirty. To be called before the part is taken.
    ///
    /// Returns `false` where there is no place: then either some parts are clean but still in the queue,
    /// or dirty, which a flush ends, or the queue has to [`grow`](Self::grow).
    #[must_use]
    #[inline]
    pub(crate) fn reserve(&mut self) -> bool {
        let has = self.entries() + self.reserved < self.capacity();
        // INVARIANT: There is a word that no entry and no reservation has.
        self.reserved += usize::from(has);
        has
    }

    /// Ends a reservation of a part that is not taken after all, or that no TLB can know.
    pub(crate) fn cancel_reservation(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
    }

    /// Moves the queue to `metadata`, which has more words, and returns the memory that it had. Where
    /// `metadata` does not have more, that is returned.
    pub(crate) fn grow(&mut self, mut metadata: M) -> M {
        if metadata.len() < 2 * self.capacity().max(1) {
            return metadata;
        }
        core::mem::swap(&mut self.metadata, &mut metadata);
        let old = core::mem::replace(&mut self.capacity, capacity_of(&self.metadata));
        for entry in self.head..self.tail {
            // CAST: The number of a word.
            if let Some(&word) = metadata.get(entry as usize & old.wrapping_sub(1)) {
                self.set_word(entry, word);
            }
        }
        metadata
    }

    /// Queues a part that has just been unmapped, and uses up its reservation. Its entries in the page
    /// table are cleared already.
    ///
    /// Returns `false`, and does nothing, where nothing is reserved.
    #[must_use]
    #[inline]
    pub(crate) fn push(&mut self, part: Part) -> bool {
        if self.reserved == 0 {
            return false;
        }
        self.reserved -= 1;
        // CAST: From a number of 28 bits.
        let pages = part.pages as usize;
        // Only with an entry that no flush that has begun will clean.
        let joined = if self.tail > self.begun {
            let last = self.tail - 1;
            self.word(last)
                .and_then(|word| Some((last, Part::from_word(word).join(part)?)))
        } else {
            None
        };
        let (entry, part, pages) = match joined {
            Some((last, part)) => (last, part, pages + 1),
            None => {
                // INVARIANT: The word was reserved.
                self.tail += 1;
                (self.tail - 1, part, pages)
            }
        };
        self.set_word(entry, part.word());
        self.pages += pages;
        self.new_pages += pages;
        true
    }

    /// Whether so much is dirty, and not part of a flush that has begun, that a flush should begin.
    #[inline]
    pub(crate) fn wants_flush(&self) -> bool {
        // CAST: At most the number of words. No overflow: by the invariant.
        self.new_pages > self.limits.pages
            || self.tail.wrapping_sub(self.begun) as usize > self.limits.entries
    }

    /// Begins a flush, which is to clean all that is dirty now. The caller then flushes every CPU's TLB,
    /// not holding the lock, and calls [`Self::end_flush`]. Returns `None` where nothing is dirty.
    pub(crate) fn begin_flush(&mut self) -> Option<Flush> {
        if self.clean == self.tail {
            return None;
        }
        // INVARIANT: A flush begins at `tail`. There are no entries from there on.
        self.begun = self.tail;
        self.new_pages = 0;
        Some(Flush(self.tail))
    }

    /// Ends a flush that every CPU has done: what was dirty when it began is clean.
    pub(crate) fn end_flush(&mut self, flush: Flush) {
        // INVARIANT: The flush began at a `tail`, which was no greater than `begun` is.
        self.clean = self.clean.max(flush.0);
    }

    /// Takes a clean part out of the queue, for its unit to have it back: see
    /// [`give_back`](super::free_pages::FreePages::give_back). Parts side by side may have become one.
    #[inline]
    pub(crate) fn next_clean(&mut self) -> Option<Part> {
        if self.head == self.clean {
            return None;
        }
        let part = Part::from_word(self.word(self.head)?);
        // INVARIANT: The entry, which was clean, is no more.
        self.head += 1;
        // CAST: From a number of 28 bits.
        self.pages -= part.pages as usize;
        Some(part)
    }

    /// How many pages are in the queue, dirty or clean, with the guard pages between those that have become one.
    pub(crate) fn pages(&self) -> usize {
        self.pages
    }

    /// How many entries the queue has.
    pub(crate) fn entries(&self) -> usize {
        // CAST: At most the number of words. No overflow: by the invariant.
        self.tail.wrapping_sub(self.head) as usize
    }

    /// Where entry `entry` is.
    #[inline(always)]
    fn index(&self, entry: u64) -> usize {
        // CAST: The number of a word.
        entry as usize & self.capacity.wrapping_sub(1)
    }

    #[inline(always)]
    fn word(&self, entry: u64) -> Option<u64> {
        self.metadata.get(self.index(entry)).copied()
    }

    #[inline(always)]
    fn set_word(&mut self, entry: u64, word: u64) {
        let index = self.index(entry);
        if let Some(place) = self.metadata.get_mut(index) {
            *place = word;
        }
    }
}

/// Returns how many of the words count.
fn capacity_of(metadata: &[u64]) -> usize {
    metadata.len().checked_ilog2().map_or(0, |shift| 1 << shift)
}
