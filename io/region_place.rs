// SPDX-License-Identifier: GPL-2.0

//! Where a [`Region`] lies in some bytes.

use super::View;
use core::ptr;
use kernel::io::Region;

/// Bytes of the words that a [`Region`] consists of.
const WORD: usize = 4;

/// The part of some bytes, or ports, that a [`Region`] can hold: one begins at a multiple of 4 and
/// has a multiple of 4 bytes.
///
/// What is kept is the number of words, with which a check at run time compares an offset as it is.
///
/// # Invariants
///
/// `addr` is a multiple of 4. The words from there on are part of the bytes that it was made of.
#[derive(Clone, Copy)]
pub(crate) struct RegionPlace {
    addr: usize,
    words: usize,
}

impl RegionPlace {
    /// Returns the part of the `size` bytes from `addr` on. Where `addr` is no multiple of 4 it has no
    /// bytes.
    #[inline(always)]
    pub(crate) fn new(addr: usize, size: usize) -> Self {
        let words = if addr % WORD == 0 { size / WORD } else { 0 };
        // INVARIANT: Rounded down to a multiple of 4, which changes nothing where there are words.
        Self {
            addr: addr & !(WORD - 1),
            words,
        }
    }

    /// Returns a view of it.
    ///
    /// # Safety
    ///
    /// The bytes that it was made of may be accessed as [`View::bytes`] requires.
    #[inline(always)]
    pub(crate) unsafe fn view<'a, S: Copy + Default>(self) -> View<'a, Region, S> {
        // SAFETY: By the invariant the words are part of bytes that have a number, so that the product
        // does not overflow.
        let size = unsafe { self.words.unchecked_mul(WORD) };
        let base = ptr::without_provenance_mut(self.addr);
        // SAFETY: By the invariant `base` is aligned, and the size is a multiple of 4. The bytes are a
        // part of those that may be accessed, as required of our caller.
        unsafe { View::from_raw(Region::ptr_from_raw_parts_mut(base, size), S::default()) }
    }
}
