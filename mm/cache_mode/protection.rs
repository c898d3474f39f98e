// SPDX-License-Identifier: GPL-2.0

//! What entries say of their pages but where these are.

use super::CacheMode;
use crate::arch::cache_mode as arch;
use core::sync::atomic::{AtomicU64, Ordering};

/// What the entries of pages mapped alike have in common: present (but for [`Protection::none`]),
/// never executable, writable or not, and a cache mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Protection {
    /// As C has it, `pgprot_t`.
    raw: u64,
    /// In the entry of a small page.
    entry: u64,
}

/// A [`Protection`] that has been asked for.
struct Known {
    raw: AtomicU64,
    entry: AtomicU64,
}

impl Known {
    const fn none() -> Self {
        Self {
            raw: AtomicU64::new(0),
            entry: AtomicU64::new(0),
        }
    }
}

/// By cache mode, and what [`kind`] gives. Until [`init`] no page is present.
static KNOWN: [[Known; 4]; CacheMode::ALL.len()] =
    [const { [const { Known::none() }; 4] }; CacheMode::ALL.len()];

const fn kind(encrypted: bool, read_only: bool) -> usize {
    // CAST: 0 or 1.
    2 * encrypted as usize + read_only as usize
}

/// Asks for all that there are: none changes after boot, and a map should not pay for it. Called
/// when the module is loaded, before anything is mapped.
pub(crate) fn init() {
    for mode in CacheMode::ALL {
        for (encrypted, read_only) in [(false, false), (false, true), (true, false), (true, true)] {
            let raw = arch::protection(mode.as_raw(), encrypted, read_only);
            let found = Protection::from_raw(raw);
            let known = Protection::known(mode, encrypted, read_only);
            known.raw.store(found.raw, Ordering::Relaxed);
            known.entry.store(found.entry, Ordering::Relaxed);
        }
    }
}

impl Protection {
    fn from_raw(raw: u64) -> Self {
        let entry = arch::entry_template(raw);
        Self { raw, entry }
    }

    /// No access at all: an entry that is not present.
    pub(crate) fn none() -> Self {
        Self::from_raw(0)
    }

    /// Whether it is [`Self::none`].
    #[cfg(iomrs_exported)]
    pub(crate) const fn is_none(self) -> bool {
        self.raw == 0
    }

    #[inline(always)]
    fn known(mode: CacheMode, encrypted: bool, read_only: bool) -> &'static Known {
        // CAST: `repr(u8)`, counted from 0 as `CacheMode::ALL` is.
        #[expect(clippy::indexing_slicing, reason = "in bounds by type")]
        &KNOWN[mode as usize][kind(encrypted, read_only)]
    }

    #[inline(always)]
    pub(crate) fn new(mode: CacheMode, encrypted: bool, read_only: bool) -> Self {
        let known = Self::known(mode, encrypted, read_only);
        Self {
            raw: known.raw.load(Ordering::Relaxed),
            entry: known.entry.load(Ordering::Relaxed),
        }
    }

    /// As C has it.
    pub(crate) const fn as_raw(self) -> u64 {
        self.raw
    }

    /// The entry of the small page at physical address `phys`, a multiple of the page size.
    #[inline(always)]
    pub(crate) const fn entry(self, phys: u64) -> u64 {
        // No carry: no bit of a physical address is set in what they have in common.
        self.entry | phys
    }
}
