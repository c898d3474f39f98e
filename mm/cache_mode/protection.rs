// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The protection bits of an entry: everything that it says of its page but the address.

use super::CacheMode;
use crate::arch::cache_mode as arch;
use crate::arch::page_table::{from_bits, RawEntry};
use core::sync::atomic::{AtomicU64, Ordering};

/// The protection bits of an entry (C: `pgprot_t`): present, never executable, writable or not, and a
/// cache mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Protection {
    /// The value of C's `pgprot_t`.
    raw: u64,
    /// The entry of a small page at physical address 0.
    entry: u64,
}

/// A [`Protection`] that is computed once.
struct CachedProtection {
    raw: AtomicU64,
    entry: AtomicU64,
}

impl CachedProtection {
    const fn none() -> Self {
        Self {
            raw: AtomicU64::new(0),
            entry: AtomicU64::new(0),
        }
    }
}

/// Every [`Protection`] there is, by cache mode and [`index`]. Until [`init`] no page is present.
static CACHED: [[CachedProtection; 4]; CacheMode::ALL.len()] =
    [const { [const { CachedProtection::none() }; 4] }; CacheMode::ALL.len()];

const fn index(encrypted: bool, read_only: bool) -> usize {
    // CAST: 0 or 1.
    2 * encrypted as usize + read_only as usize
}

/// Computes every protection. None changes after boot, and a map should not pay for it. Called when
/// the module is loaded, before anything is mapped.
pub(crate) fn init() {
    for mode in CacheMode::ALL {
        for (encrypted, read_only) in [(false, false), (false, true), (true, false), (true, true)] {
            let raw = arch::protection(mode.as_raw(), encrypted, read_only);
            let protection = Protection::from_raw(raw);
            let cached = Protection::cached(mode, encrypted, read_only);
            cached.raw.store(protection.raw, Ordering::Relaxed);
            cached.entry.store(protection.entry, Ordering::Relaxed);
        }
    }
}

impl Protection {
    fn from_raw(raw: u64) -> Self {
        let entry = arch::entry_template(raw);
        Self { raw, entry }
    }

    #[inline(always)]
    fn cached(mode: CacheMode, encrypted: bool, read_only: bool) -> &'static CachedProtection {
        // CAST: `repr(u8)`, counted from 0 as `CacheMode::ALL` is.
        #[expect(clippy::indexing_slicing, reason = "in bounds by type")]
        &CACHED[mode as usize][index(encrypted, read_only)]
    }

    #[inline(always)]
    pub(crate) fn new(mode: CacheMode, encrypted: bool, read_only: bool) -> Self {
        let cached = Self::cached(mode, encrypted, read_only);
        Self {
            raw: cached.raw.load(Ordering::Relaxed),
            entry: cached.entry.load(Ordering::Relaxed),
        }
    }

    /// Returns the value of C's `pgprot_t`.
    pub(crate) const fn as_raw(self) -> u64 {
        self.raw
    }

    /// Returns the bits of the entry of the small page at physical address 0.
    pub(crate) const fn bits(self) -> u64 {
        self.entry
    }

    /// Returns the entry of the small page at physical address `phys`, a multiple of the page size.
    #[inline(always)]
    pub(crate) const fn entry(self, phys: u64) -> RawEntry {
        // No carry: the template has no bit of a physical address.
        from_bits(self.entry | phys)
    }
}
