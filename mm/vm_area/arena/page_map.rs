// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The pages of a range, each free or taken, and how to find free ones in a row.
//!
//! The range is divided into blocks of 512 pages, as many as a table of the page table maps. Two bits
//! tell of each block whether all of its pages are free, and whether some are. Only where some are and
//! some are not there is more to know: a bit for each page, and how long the rows of free ones are. So
//! taking a gigabyte changes a few words, and looking for large parts passes over 64 blocks at a time.
//! Looking for small ones passes over 64 blocks at a time, too, where that was in vain before.
//!
//! Pure logic without kernel imports: `selftests/host` tests it against a naive model.

use super::rows::{first_row, Rows};
use core::ops::{DerefMut, Range};

/// The pages of a block, as a shift.
pub(crate) const BLOCK_SHIFT: u32 = 9;
/// The pages of a block.
pub(crate) const BLOCK_PAGES: usize = 1 << BLOCK_SHIFT;
/// The most blocks that a map can have.
pub(crate) const MAX_BLOCKS: usize = 1 << 15;
/// The bits of a word, and the blocks of a group.
const WORD_BITS: usize = 64;
/// The pages of a group.
const GROUP_PAGES: usize = WORD_BITS * BLOCK_PAGES;

/// What is known of a group of blocks: which of them are all free, which have free pages, and how many
/// pages a free row that begins in the group has at most.
type Group = [u64; 3];

/// What is known of a block, some of whose pages are free and some are not: its [`Rows`], and a bit for
/// each page, set if it is free.
type Block = [u64; 1 + BLOCK_PAGES / WORD_BITS];

/// Those of `bits` that are in word `word`, of which there is one at least.
#[inline(always)]
fn mask(word: usize, bits: &Range<usize>) -> u64 {
    let start = word * WORD_BITS;
    let (first, end) = (bits.start.saturating_sub(start), bits.end - start);
    u64::MAX << first & u64::MAX >> (WORD_BITS - end.min(WORD_BITS))
}

/// Sets or clears bits of a word.
#[inline(always)]
fn put(word: &mut u64, mask: u64, set: bool) {
    *word = if set { *word | mask } else { *word & !mask };
}

/// The pages of a range, each free or taken.
///
/// `M` holds some words for each block: see [`PageMap::metadata_len`].
///
/// # Invariants
///
/// - `metadata` has `metadata_len(blocks)` words: a [`Group`] for each 64 blocks, `groups_len` words in
///   all, and then a [`Block`] for each block, which counts only where some of its pages are free and
///   some are not.
/// - Bits of blocks that do not exist are clear.
/// - No row of free pages that begins in a group, and is shorter than two blocks, is longer than the
///   group tells. A row at the end of the map counts as one longer.
pub(crate) struct PageMap<M> {
    metadata: M,
    blocks: usize,
    groups_len: usize,
}

impl<M: DerefMut<Target = [u64]>> PageMap<M> {
    /// How many words the metadata of `blocks` blocks has.
    pub(crate) const fn metadata_len(blocks: usize) -> usize {
        Self::groups_len(blocks) + blocks * size_of::<Block>() / size_of::<u64>()
    }

    const fn groups_len(blocks: usize) -> usize {
        blocks.div_ceil(WORD_BITS) * size_of::<Group>() / size_of::<u64>()
    }

    /// A map of `blocks` blocks, all pages of which are free. Returns `None` where there are no blocks,
    /// more than [`MAX_BLOCKS`], or where `metadata` has too few words.
    pub(crate) fn new(mut metadata: M, blocks: usize) -> Option<Self> {
        if !(1..=MAX_BLOCKS).contains(&blocks) || metadata.len() < Self::metadata_len(blocks) {
            return None;
        }
        let groups_len = Self::groups_len(blocks);
        metadata.get_mut(..groups_len)?.fill(0);
        // INVARIANT: As checked above. The bits of all blocks are clear, and then those that exist are
        // set, and their groups know of no limit. As all pages are free, the rest does not count.
        let mut map = Self {
            metadata,
            blocks,
            groups_len,
        };
        map.set_blocks(0..blocks, true);
        map.forget_longest(0..map.pages());
        Some(map)
    }

    /// How many pages there are.
    #[inline(always)]
    pub(crate) fn pages(&self) -> usize {
        self.blocks << BLOCK_SHIFT
    }

    /// Finds the first `len` free pages in a row at or after page `from`, which exists. `len` is 2 at least,
    /// and the last of the pages may be the one behind the end. If `at_block`, the row is to begin with a
    /// block: then so does `from`, and `len` is a block at least.
    pub(crate) fn find(&mut self, from: usize, len: usize, at_block: bool) -> Option<usize> {
        // Whether any such row has a block all of whose pages are free.
        let has_block = at_block || len >= 2 * BLOCK_PAGES;
        // The pages from `row` up to `page` are free. No earlier row is long enough.
        let (mut row, mut page) = (from, from);
        // The first group that is not known to have no such row.
        let mut group = from.div_ceil(GROUP_PAGES);
        while page < self.pages() {
            let block = page >> BLOCK_SHIFT;
            let &[all_free, some_free, longest] = self.group(block);
            let bit = block % WORD_BITS;
            let (all_free, some_free) = (all_free >> bit, some_free >> bit);
            if all_free & 1 != 0 {
                // CAST: At most the bits of a word, here and below.
                page = (block + all_free.trailing_ones() as usize) << BLOCK_SHIFT;
                if page - row >= len {
                    return Some(row);
                }
                continue;
            }
            let left = WORD_BITS - bit;
            if has_block {
                if some_free & 1 != 0 && self.is_enough_with(block, page - row, len) {
                    return Some(row);
                }
                let next = block + left.min(all_free.trailing_zeros() as usize);
                page = next << BLOCK_SHIFT;
                row = from.max(page - self.free_before(next, at_block));
                continue;
            }
            if some_free & 1 != 0 {
                match self.find_first_in_block(page, row, len) {
                    Ok(first) => return Some(first),
                    Err(last) => row = from.max(last),
                }
                page = (block + 1) << BLOCK_SHIFT;
            } else {
                page = (block + left.min(some_free.trailing_zeros() as usize)) << BLOCK_SHIFT;
                row = page;
            }
            if longest < len as u64 {
                page = (block + left) << BLOCK_SHIFT;
                row = page;
            }
            group = self.lower_longest_of(group, row / GROUP_PAGES, len - 1);
        }
        let found = self.pages().saturating_sub(row) + 1 >= len;
        if !found && !has_block {
            self.lower_longest_of(group, self.pages().div_ceil(GROUP_PAGES), len - 1);
        }
        found.then_some(row)
    }

    /// How many pages are free before `block`, up to the one before it; none where they do not count.
    fn free_before(&mut self, block: usize, at_block: bool) -> usize {
        (!at_block).then(|| self.last_free(block - 1)).unwrap_or(0)
    }

    /// Whether `free` free pages in a row and the first ones of `block` after them are at least `len`.
    fn is_enough_with(&mut self, block: usize, free: usize, len: usize) -> bool {
        free + BLOCK_PAGES > len && free + self.rows(block).first >= len
    }

    /// Finds a row of `len` free pages that begins or ends in the block that has `page`, some of whose pages
    /// are free. Those from `row` up to `page` are free. `Err` has the first page of the row that the block
    /// ends with.
    fn find_first_in_block(&mut self, page: usize, row: usize, len: usize) -> Result<usize, usize> {
        let block = page >> BLOCK_SHIFT;
        let (rows, start) = (self.rows(block), block << BLOCK_SHIFT);
        if page == start && page - row + rows.first >= len {
            return Ok(row);
        }
        let first = if rows.longest >= len {
            self.find_in_block(block, page, len)
        } else {
            None
        };
        first.ok_or(start + BLOCK_PAGES - rows.last)
    }

    /// Finds the first `len` free pages in a row among those of `block`, some of which are free and some
    /// are not, at or after page `from`, which is one of them.
    fn find_in_block(&self, block: usize, from: usize, len: usize) -> Option<usize> {
        let (mut start, mut row) = (block << BLOCK_SHIFT, from);
        let [_, words @ ..] = self.block(block);
        for &word in words {
            let end = start + WORD_BITS;
            if end > from {
                let word = word & u64::MAX << from.saturating_sub(start);
                // A row that goes on from the word before.
                if row < start && start - row + word.trailing_ones() as usize >= len {
                    return Some(row);
                }
                if len <= WORD_BITS {
                    if let Some(first) = first_row(word, len) {
                        return Some(start + first);
                    }
                }
                if word != u64::MAX {
                    row = end - word.leading_ones() as usize;
                }
            }
            start = end;
        }
        None
    }

    /// Whether each of the `len` pages from `first` on is taken. They exist, and are at least one.
    #[inline]
    pub(crate) fn is_taken(&self, first: usize, len: usize) -> bool {
        let (mut page, end) = (first, first + len);
        while page < end {
            let (block, in_block) = (page >> BLOCK_SHIFT, page % BLOCK_PAGES);
            let &[all_free, some_free, _] = self.group(block);
            let (all_free, some_free) = (
                all_free >> (block % WORD_BITS),
                some_free >> (block % WORD_BITS),
            );
            if some_free & 1 == 0 {
                let left = WORD_BITS - block % WORD_BITS;
                page += (left.min(some_free.trailing_zeros() as usize) << BLOCK_SHIFT) - in_block;
                continue;
            }
            let pages = in_block..BLOCK_PAGES.min(in_block + (end - page));
            page += pages.len();
            if all_free & 1 != 0 || self.has_free(block, pages) {
                return false;
            }
        }
        true
    }

    /// Whether one of `pages` of `block`, some of whose pages are free and some are not, is free.
    fn has_free(&self, block: usize, pages: Range<usize>) -> bool {
        let [_, words @ ..] = self.block(block);
        let words = words.iter().enumerate().take(pages.end.div_ceil(WORD_BITS));
        words
            .skip(pages.start / WORD_BITS)
            .any(|(index, word)| word & mask(index, &pages) != 0)
    }

    /// Makes the `len` pages from `first` on free, or taken. They exist, are at least one, and are all
    /// taken, or free, before.
    pub(crate) fn set(&mut self, first: usize, len: usize, free: bool) {
        let end = first + len;
        let (before, after) = (first % BLOCK_PAGES, end % BLOCK_PAGES);
        let (mut first_block, end_block) = (first >> BLOCK_SHIFT, end >> BLOCK_SHIFT);
        if free {
            self.forget_longest(first..end);
        }
        if before != 0 && first_block == end_block {
            return self.set_in_block(first_block, before..after, free);
        }
        if before != 0 {
            self.set_in_block(first_block, before..BLOCK_PAGES, free);
            first_block += 1;
        }
        if first_block < end_block {
            self.set_blocks(first_block..end_block, free);
        }
        if after != 0 {
            self.set_in_block(end_block, 0..after, free);
        }
    }

    /// Makes all pages of blocks, at least one, free or taken.
    #[inline]
    fn set_blocks(&mut self, blocks: Range<usize>, free: bool) {
        let first = blocks.start / WORD_BITS;
        let last = (blocks.end - 1) / WORD_BITS;
        for (index, group) in self.groups_mut(first..last + 1).enumerate() {
            if let [all_free, some_free, _] = group {
                let mask = mask(first + index, &blocks);
                put(all_free, mask, free);
                put(some_free, mask, free);
            }
        }
    }

    /// Makes some pages of a block, but not all, free or taken.
    #[inline(never)]
    fn set_in_block(&mut self, block: usize, pages: Range<usize>, free: bool) {
        let bit = 1 << (block % WORD_BITS);
        let &[all_free, some_free, _] = self.group(block);
        let Some([rows, words @ ..]) = self.block_mut(block) else {
            return;
        };
        let before = if all_free & bit != 0 {
            words.fill(u64::MAX);
            BLOCK_PAGES
        } else if some_free & bit == 0 {
            words.fill(0);
            0
        } else {
            Rows::from_word(*rows).free
        };
        let after = if free {
            before + pages.len()
        } else {
            before - pages.len()
        };
        // Not known: found out when they are asked for.
        let (first, last, longest) = (0, 0, 0);
        *rows = Rows {
            free: after,
            first,
            last,
            longest,
        }
        .word();
        let words = words
            .iter_mut()
            .enumerate()
            .take(pages.end.div_ceil(WORD_BITS));
        for (index, word) in words.skip(pages.start / WORD_BITS) {
            put(word, mask(index, &pages), free);
        }
        if let Some([all_free, some_free, _]) = self.group_mut(block / WORD_BITS) {
            put(all_free, bit, after == BLOCK_PAGES);
            put(some_free, bit, after != 0);
        }
    }

    /// Returns how many free pages the longest row has, and how many are free at the end. Looks at every
    /// block.
    pub(crate) fn longest_and_last(&mut self) -> (usize, usize) {
        let (mut longest, mut row) = (0, 0);
        for block in 0..self.blocks {
            let bit = 1 << (block % WORD_BITS);
            let &[all_free, some_free, _] = self.group(block);
            if all_free & bit != 0 {
                row += BLOCK_PAGES;
            } else if some_free & bit != 0 {
                let rows = self.rows(block);
                longest = longest.max(row + rows.first).max(rows.longest);
                row = rows.last;
            } else {
                row = 0;
            }
            longest = longest.max(row);
        }
        (longest, row)
    }

    /// The rows of a block, some of whose pages are free and some are not.
    #[inline]
    fn rows(&mut self, block: usize) -> Rows {
        let &[word, ..] = self.block(block);
        let rows = Rows::from_word(word);
        if rows.longest == 0 {
            return self.find_rows(block, rows.free);
        }
        rows
    }

    #[cold]
    fn find_rows(&mut self, block: usize, free: usize) -> Rows {
        let [_, words @ ..] = self.block(block);
        let rows = Rows::of_words(free, words);
        if let Some([word, ..]) = self.block_mut(block) {
            *word = rows.word();
        }
        rows
    }

    /// How many pages in a row at the end of a block are free, if not all of its pages are.
    fn last_free(&mut self, block: usize) -> usize {
        let &[_, some_free, _] = self.group(block);
        if some_free >> (block % WORD_BITS) & 1 == 0 {
            return 0;
        }
        self.rows(block).last
    }

    /// Notes that no group from `from` to before `to` has a row of more than `len` pages. Returns the first
    /// group of which that is not known.
    fn lower_longest_of(&mut self, from: usize, to: usize, len: usize) -> usize {
        (from..to).for_each(|group| self.lower_longest(group, len));
        from.max(to)
    }

    /// A search has shown that rows which begin in a group are no longer than that.
    #[inline]
    fn lower_longest(&mut self, group: usize, len: usize) {
        if let Some([.., longest]) = self.group_mut(group) {
            *longest = (*longest).min(len as u64);
        }
    }

    /// Rows that have one of `pages` may be longer than before.
    #[inline]
    fn forget_longest(&mut self, pages: Range<usize>) {
        let first = pages.start.saturating_sub(2 * BLOCK_PAGES) / GROUP_PAGES;
        let last = (pages.end - 1) / GROUP_PAGES;
        for group in self.groups_mut(first..last + 1) {
            if let [.., longest] = group {
                *longest = u64::MAX;
            }
        }
    }

    /// The group of a block.
    #[inline(always)]
    fn group(&self, block: usize) -> &Group {
        const NONE: &Group = &[0; 3];
        let start = block / WORD_BITS * NONE.len();
        // By the invariant there is a group for every block.
        self.metadata
            .get(start..)
            .and_then(<[u64]>::first_chunk)
            .unwrap_or(NONE)
    }

    #[inline(always)]
    fn groups_mut(&mut self, groups: Range<usize>) -> core::slice::ChunksExactMut<'_, u64> {
        let words = groups.start * 3..groups.end * 3;
        self.metadata
            .get_mut(words)
            .unwrap_or(&mut [])
            .chunks_exact_mut(3)
    }

    #[inline(always)]
    fn group_mut(&mut self, group: usize) -> Option<&mut Group> {
        self.metadata.get_mut(group * 3..)?.first_chunk_mut()
    }

    #[inline(always)]
    fn block_start(&self, block: usize) -> usize {
        self.groups_len + block * (1 + BLOCK_PAGES / WORD_BITS)
    }

    #[inline(always)]
    fn block(&self, block: usize) -> &Block {
        const NONE: &Block = &[0; 1 + BLOCK_PAGES / WORD_BITS];
        let start = self.block_start(block);
        // By the invariant there are words for every block.
        self.metadata
            .get(start..)
            .and_then(<[u64]>::first_chunk)
            .unwrap_or(NONE)
    }

    #[inline(always)]
    fn block_mut(&mut self, block: usize) -> Option<&mut Block> {
        let start = self.block_start(block);
        self.metadata.get_mut(start..)?.first_chunk_mut()
    }
}
