// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Rows of free pages in the bits of a block. Pure logic without kernel imports.

/// How many pages of a block are free, how many in a row at its start and at its end, and in the longest
/// row. No page is in the longest row where the last three are not known.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) free: usize,
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) longest: usize,
}

impl Rows {
    /// Returns the numbers that [`Self::word`] has put into a word.
    #[inline(always)]
    pub(crate) fn from_word(word: u64) -> Self {
        let number = |index: u32| (word >> (index * u16::BITS)) as u16 as usize;
        Self {
            free: number(0),
            first: number(1),
            last: number(2),
            longest: number(3),
        }
    }

    #[inline(always)]
    pub(crate) fn word(self) -> u64 {
        // CAST: A block has fewer pages than 16 bits tell.
        self.free as u64
            | (self.first as u64) << u16::BITS
            | (self.last as u64) << (2 * u16::BITS)
            | (self.longest as u64) << (3 * u16::BITS)
    }

    /// The rows of set bits in `words`, `free` in all, but not all bits.
    pub(crate) fn of_words(free: usize, words: &[u64]) -> Self {
        let (mut first, mut longest, mut row) = (None, 0, 0);
        for &word in words {
            row += word.trailing_ones() as usize;
            if word == u64::MAX {
                continue;
            }
            first = first.or(Some(row));
            longest = longest.max(row);
            row = word.leading_ones() as usize;
            // Without the rows that begin or end the word, which are counted already.
            let mut inner = word & word.wrapping_add(1) & u64::MAX >> row;
            let mut len = 0;
            while inner != 0 {
                inner &= inner >> 1;
                len += 1;
            }
            longest = longest.max(len);
        }
        Self {
            free,
            first: first.unwrap_or(row),
            last: row,
            longest: longest.max(row),
        }
    }
}

/// The first of `len` set bits in a row, at most the bits of a word.
pub(crate) fn first_row(mut word: u64, len: usize) -> Option<usize> {
    let mut have = 1;
    while have < len {
        // Each bit that is set begins a row of `have`.
        let more = have.min(len - have);
        word &= word >> more;
        have += more;
    }
    // CAST: The number of a bit.
    (word != 0).then(|| word.trailing_zeros() as usize)
}
