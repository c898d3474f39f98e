// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Which pages of one unit of address space are free.
//!
//! Parts of a unit are taken and given back. Behind each stays a page that no part has, so that an
//! access past the end of one part never reaches another, as C has it. At the end of the unit there is
//! none: the unit's area ends with a guard page of `vmap()`'s own.
//!
//! Parts come from a [`PageMap`], with two short cuts. Small parts, which are many, are cut from a stretch
//! that has been taken from the map for them. Parts of whole blocks, those with large pages, are kept as
//! they are for a while when they are given back, as one of the same size is likely to be asked for again.
//! When pages are missing both go back to the map.
//!
//! Pure logic without kernel imports: `selftests/host` tests it
//! against a naive model.

use super::page_map::{PageMap, BLOCK_PAGES, BLOCK_SHIFT, MAX_BLOCKS};
use core::ops::{DerefMut, Range};

/// How many pages a small part has at most: 64 KiB, and the guard page.
const SMALL_PAGES: usize = 17;
/// How many pages are taken at once for small parts.
const STRETCH_PAGES: usize = 128;
/// How many parts are kept as they are.
const SPARES: usize = 16;

/// The pages of one unit, each free or part of something that has been taken.
///
/// `M` is the memory for it: a slice of words, or what dereferences to one, such as a vector.
/// Nothing is allocated later. Pages are counted from the start of the unit.
///
/// Not synchronised: the caller has a lock.
///
/// # Invariants
///
/// - The pages of `stretch` and of the first `spare_count` of `spares` exist. In `map` they are taken. No
///   part has any of them, and each is in one of these only.
/// - `free` is how many pages are free in `map` or are in one of these.
///
/// # Examples
///
/// A part that is to map 4 MiB of physical memory by pages of 2 MiB, which needs both addresses to be the
/// same modulo 2 MiB (512 pages), is `take(1024, 9, residue)`, where `residue` is
/// `(phys >> PAGE_SHIFT).wrapping_sub(unit_addr >> PAGE_SHIFT)`. What it returns is the number of the part's
/// first page, by which `give_back(first, 1024)` ends its use after the entries are clear and no CPU has
/// a translation of them.
pub(crate) struct FreePages<M> {
    map: PageMap<M>,
    stretch: Range<usize>,
    spares: [Spare; SPARES],
    spare_count: usize,
    free: usize,
}

/// A part that has been given back, as it was.
#[derive(Clone, Copy)]
struct Spare {
    first: usize,
    pages: usize,
}

impl<M: DerefMut<Target = [u64]>> FreePages<M> {
    /// Returns how many words of memory a unit of `pages` pages needs, which are 37 KiB for 1 GiB of
    /// pages of 4 KiB; `None` unless `pages` is a multiple of 512, not 0, and at most 2^24.
    pub(crate) const fn metadata_len(pages: usize) -> Option<usize> {
        let blocks = pages >> BLOCK_SHIFT;
        if pages == blocks << BLOCK_SHIFT && blocks != 0 && blocks <= MAX_BLOCKS {
            Some(PageMap::<M>::metadata_len(blocks))
        } else {
            None
        }
    }

    /// Returns a unit of `pages` pages, all of them free. `metadata` may have any contents. `None`
    /// where it has too few words, and where [`Self::metadata_len`] is `None`.
    pub(crate) fn new(metadata: M, pages: usize) -> Option<Self> {
        Self::metadata_len(pages)?;
        let map = PageMap::new(metadata, pages >> BLOCK_SHIFT)?;
        // INVARIANT: All pages are free in the map, and in no other place.
        Some(Self {
            map,
            stretch: 0..0,
            spares: [Spare { first: 0, pages: 0 }; SPARES],
            spare_count: 0,
            free: pages,
        })
    }

    /// How many pages the unit has.
    pub(crate) fn pages(&self) -> usize {
        self.map.pages()
    }

    /// How many pages are free. What is not has been taken, or is a guard page.
    pub(crate) fn free_pages(&self) -> usize {
        self.free
    }

    /// Whether all pages are free.
    pub(crate) fn is_whole(&self) -> bool {
        self.free == self.pages()
    }

    /// Returns the most pages that can be taken at once, wherever they are. Looks at all of the unit's
    /// blocks of 512 pages: for statistics.
    pub(crate) fn largest_free(&mut self) -> usize {
        self.end_short_cuts();
        let (longest, last) = self.map.longest_and_last();
        // The guard page is behind the end of the unit, or is one of the longest.
        longest.max(last + 1) - 1
    }

    /// Takes `pages` pages in a row, and the guard page behind them. Returns the first, whose number
    /// is the same as `residue` modulo `1 << align_shift`; `None` where there are no such pages, and
    /// where `pages` is 0.
    ///
    /// # Context
    ///
    /// Any. Passes over the unit's blocks of 512 pages one by one where some pages of a block are free
    /// and some are not, and 64 at a time elsewhere.
    #[inline(always)]
    pub(crate) fn take(&mut self, pages: usize, align_shift: u32, residue: usize) -> Option<usize> {
        if pages < SMALL_PAGES && pages != 0 && align_shift == 0 {
            let first = self.stretch.start;
            if self.stretch.len() > pages {
                // INVARIANT: They were in the stretch, and are part of what is taken now.
                self.stretch.start += pages + 1;
                self.free -= pages + 1;
                return Some(first);
            }
            return self.take_from_next_stretch(pages);
        }
        let mask = 1usize.checked_shl(align_shift)?.wrapping_sub(1);
        if let Some(first) = self.take_spare(pages, mask, residue) {
            return Some(first);
        }
        self.take_from_map(pages, mask, residue)
    }

    /// Gives back the `pages` pages from `first` on, and the guard page behind them. That may be what
    /// one [`Self::take`] has returned, or several parts with nothing but their guard pages between.
    ///
    /// Returns `false`, and does nothing, where one of the pages is free or does not exist, and where
    /// `pages` is 0: then the caller is mistaken about what it has.
    ///
    /// # Context
    ///
    /// Any. Passes over those of the unit's blocks of 512 pages that have the pages, 64 at a time.
    #[must_use]
    pub(crate) fn give_back(&mut self, first: usize, pages: usize) -> bool {
        let end = first.checked_add(pages);
        if pages == 0 || end.is_none_or(|end| end > self.pages()) {
            return false;
        }
        let end = self.end_of(first, pages);
        if self.is_kept(first, end) || !self.map.is_taken(first, end - first) {
            return false;
        }
        if end == self.stretch.start && self.stretch.end - first <= STRETCH_PAGES {
            // INVARIANT: The part that had them is no more, and in the map they are taken.
            self.stretch.start = first;
        } else if pages % BLOCK_PAGES == 0 {
            self.keep(Spare { first, pages });
        } else {
            self.map.set(first, end - first, true);
        }
        self.free += end - first;
        true
    }

    /// Whether one of the pages from `first` up to `end` is in the stretch or in a spare part.
    #[inline]
    fn is_kept(&self, first: usize, end: usize) -> bool {
        let (stretch, mut spares) = (&self.stretch, self.spares.iter().take(self.spare_count));
        first.max(stretch.start) < end.min(stretch.end)
            || spares.any(|spare| first <= spare.first + spare.pages && spare.first < end)
    }

    /// Keeps a part whose pages are taken in the map.
    #[inline]
    fn keep(&mut self, part: Spare) {
        if self.spare_count == SPARES {
            self.end_spares();
        }
        if let Some(spare) = self.spares.get_mut(self.spare_count) {
            *spare = part;
            // INVARIANT: The part that had the pages is no more, and in the map they are taken.
            self.spare_count += 1;
        }
    }

    /// Takes the part that was kept last, if it has `pages` pages and the alignment that is asked for.
    #[inline(always)]
    fn take_spare(&mut self, pages: usize, mask: usize, residue: usize) -> Option<usize> {
        let last = self.spare_count.checked_sub(1)?;
        let &Spare { first, pages: has } = self.spares.get(last)?;
        if has != pages || residue.wrapping_sub(first) & mask != 0 {
            return None;
        }
        // INVARIANT: A part has the pages from now on.
        self.spare_count = last;
        self.free -= self.end_of(first, pages) - first;
        Some(first)
    }

    /// The page after the guard page of a part; after the part where it ends the unit.
    #[inline(always)]
    fn end_of(&self, first: usize, pages: usize) -> usize {
        self.pages().min(first + pages + 1)
    }

    #[cold]
    fn end_spares(&mut self) {
        for index in 0..self.spare_count {
            if let Some(&Spare { first, pages }) = self.spares.get(index) {
                let end = self.end_of(first, pages);
                self.map.set(first, end - first, true);
            }
        }
        // INVARIANT: No page is in a spare part.
        self.spare_count = 0;
    }

    /// Gives all that is kept back to the map. Returns whether there was something.
    fn end_short_cuts(&mut self) -> bool {
        let any = self.spare_count != 0 || !self.stretch.is_empty();
        self.end_spares();
        self.end_stretch();
        any
    }

    /// Gives what is left of the stretch for small parts back to the map.
    fn end_stretch(&mut self) {
        let (first, len) = (self.stretch.start, self.stretch.len());
        // INVARIANT: No page is in the stretch.
        self.stretch = 0..0;
        if len != 0 {
            self.map.set(first, len, true);
        }
    }

    /// Takes a small part where the stretch has too few pages left.
    #[cold]
    #[inline(never)]
    fn take_from_next_stretch(&mut self, pages: usize) -> Option<usize> {
        // A unit that is full, which many mappings leave behind them, is asked again for each new one.
        if pages > self.free {
            return None;
        }
        self.end_stretch();
        // The last page of what is found may be the one behind the end.
        let found = self.map.find(0, STRETCH_PAGES, false);
        let Some(first) = found.filter(|first| first + STRETCH_PAGES <= self.pages()) else {
            return self.take_from_map(pages, 0, 0);
        };
        self.map.set(first, STRETCH_PAGES, false);
        self.free -= pages + 1;
        // INVARIANT: Taken from the map, except for those of the part.
        self.stretch = first + pages + 1..first + STRETCH_PAGES;
        Some(first)
    }

    #[inline(never)]
    fn take_from_map(&mut self, pages: usize, mask: usize, residue: usize) -> Option<usize> {
        if pages == 0 || pages > self.free {
            return None;
        }
        let first = match self.find(pages + 1, mask, residue) {
            Some(first) => first,
            None if self.end_short_cuts() => self.find(pages + 1, mask, residue)?,
            None => return None,
        };
        let len = self.end_of(first, pages) - first;
        self.map.set(first, len, false);
        self.free -= len;
        Some(first)
    }

    /// Finds the first place for a part of `len` pages, the guard page among them, at an aligned page.
    fn find(&mut self, len: usize, mask: usize, residue: usize) -> Option<usize> {
        let in_block = BLOCK_PAGES - 1;
        let at_block = len > in_block && mask & in_block == in_block && residue & in_block == 0;
        let (total, mut from) = (self.pages(), 0);
        while from < total {
            let row = self.map.find(from, len, at_block)?;
            let ahead = residue.wrapping_sub(row) & mask;
            if ahead == 0 {
                return Some(row);
            }
            from = row.checked_add(ahead)?;
        }
        None
    }
}
