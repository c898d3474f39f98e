// SPDX-License-Identifier: GPL-2.0

//! Memory that the library and C both map, to compare what their accessors do to its bytes.

use crate::support::{
    accessors::Cookie,
    mappings::{map, CMapping},
    outcome::*,
    ranges::{TestRange, PAGE},
};
use io_mapping_rs::{CacheMode, Mapping};

/// The first bytes of a BAR, mapped by C.
pub(crate) struct TestMemory {
    phys: u64,
    in_c: CMapping,
}

impl TestMemory {
    /// How many bytes are compared.
    pub(crate) const SIZE: usize = 192;
    /// What they hold before a test writes. No byte is like its neighbours.
    pub(crate) const PATTERN: [u8; Self::SIZE] = {
        let mut bytes = [0; Self::SIZE];
        let mut at = 0;
        while at < Self::SIZE {
            bytes[at] = (at * 37 + 11) as u8;
            at += 1;
        }
        bytes
    };

    pub(crate) fn new(bar: TestRange) -> Outcome<Self> {
        let in_c = CMapping::new(CacheMode::UncachedMinus, bar.phys, PAGE)?;
        Ok(Self {
            phys: bar.phys,
            in_c,
        })
    }

    /// Maps `size` bytes from `start` on by the library.
    pub(crate) fn map(&self, start: usize, size: usize) -> Outcome<Mapping> {
        let mode = CacheMode::UncachedMinus;
        Ok(check_ok!(map(mode, self.phys + start as u64, size as u64)))
    }

    /// Returns what C accesses the byte at `at` by.
    pub(crate) fn cookie(&self, at: usize) -> Cookie {
        // INVARIANT: C's mapping is of a page of the tests' BAR, and callers stay within it.
        Cookie(self.in_c.addr() + at)
    }

    /// Writes [`Self::PATTERN`].
    pub(crate) fn reset(&self) {
        self.cookie(0).copy_from_slice(&Self::PATTERN);
    }

    pub(crate) fn bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        self.cookie(0).copy_to_slice(&mut bytes);
        bytes
    }

    /// Resets the bytes, calls `write`, and returns the bytes.
    pub(crate) fn bytes_after(&self, write: impl FnOnce()) -> [u8; Self::SIZE] {
        self.reset();
        write();
        self.bytes()
    }

    /// Fails the test if a byte has changed that is not one of the `len` bytes from `at` on.
    pub(crate) fn check_unchanged_outside(
        bytes: &[u8; Self::SIZE],
        at: usize,
        len: usize,
    ) -> Outcome {
        let end = at + len;
        check_eq!(bytes[..at], Self::PATTERN[..at]);
        check_eq!(bytes[end..], Self::PATTERN[end..]);
        Ok(())
    }
}
