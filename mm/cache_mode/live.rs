// SPDX-License-Identifier: GPL-2.0

//! The ranges that this module has reserved, by cache mode. On a stock kernel nobody else tells which
//! mode a range has: the kernel's registry is not told of modes other than write combining, and does
//! not tell its answer.
//!
//! A range is compared with those of other modes only. While all have the same mode, nothing is looked for.

use super::ranges::{Node, Ranges};
use super::CacheMode;
use crate::bindings::{iomrs_cache_modes_lock, spin_lock::SpinLock};
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    prelude::*,
};

/// The ranges of each mode.
///
/// # Invariants
///
/// The bit of a mode is set in `in_use` if it has ranges, and only then.
struct Registry {
    ranges: [Ranges<KVVec<Node>>; CacheMode::ALL.len()],
    in_use: u8,
}

impl Registry {
    const fn new() -> Self {
        // INVARIANT: There are none.
        Self {
            ranges: [const { Ranges::new(KVVec::new()) }; CacheMode::ALL.len()],
            in_use: 0,
        }
    }

    #[inline(always)]
    fn of(&mut self, mode: CacheMode) -> &mut Ranges<KVVec<Node>> {
        // CAST: `repr(u8)`, counted from 0 as `CacheMode::ALL` is.
        #[expect(clippy::indexing_slicing, reason = "in bounds by type")]
        &mut self.ranges[mode as usize]
    }

    /// Returns the mode that a range gets that is asked for as `requested`: that of the ranges that
    /// overlap it, as in C's registry.
    ///
    /// `None`: a step towards the answer has been made. The lock may be given up before the next one.
    ///
    /// # Errors
    ///
    /// `EBUSY` where these have several.
    #[inline(always)]
    fn mode_for(
        &mut self,
        start: u64,
        end: u64,
        requested: CacheMode,
    ) -> Option<Result<CacheMode>> {
        if self.in_use & !bit(requested) == 0 {
            return Some(Ok(requested));
        }
        self.mode_among_others(start, end, requested)
    }

    #[inline(never)]
    fn mode_among_others(
        &mut self,
        start: u64,
        end: u64,
        requested: CacheMode,
    ) -> Option<Result<CacheMode>> {
        // So many ranges are put into a tree in tens of microseconds.
        const STEP: u32 = 128;
        let mut found = None;
        for mode in CacheMode::ALL {
            if mode != requested
                && self.of(mode).overlap(start, end, STEP)?
                && found.replace(mode).is_some()
            {
                return Some(Err(EBUSY));
            }
        }
        Some(match found {
            Some(_) if self.of(requested).overlap(start, end, STEP)? => Err(EBUSY),
            found => Ok(found.unwrap_or(requested)),
        })
    }

    /// Adds a range, and returns its place; `None` where there is no room.
    #[inline(always)]
    fn add(&mut self, start: u64, end: u64, mode: CacheMode) -> Option<u32> {
        let at = self.of(mode).add(start, end)?;
        // INVARIANT: The mode has one.
        self.in_use |= bit(mode);
        Some(at)
    }

    /// Removes the range that has place `at`, and returns it.
    #[inline(always)]
    fn remove(&mut self, at: u32, mode: CacheMode) -> (u64, u64) {
        let ranges = self.of(mode);
        let range = ranges.remove(at);
        if ranges.is_empty() {
            // INVARIANT: The mode has none.
            self.in_use &= !bit(mode);
        }
        range
    }
}

#[inline(always)]
const fn bit(mode: CacheMode) -> u8 {
    // CAST: `repr(u8)`, of five variants.
    1 << mode as u8
}

/// Tasks alone take it, as that of the kernel's registry.
// SAFETY: The lock is for this alone.
static REGISTRY: SpinLock<Registry> =
    unsafe { SpinLock::new(&raw mut iomrs_cache_modes_lock, Registry::new()) };

/// Keeps the list for as long as the module is loaded.
pub(super) struct Registration;

impl Drop for Registration {
    fn drop(&mut self) {
        // What has been leaked is not asked for again. The memory is not freed under the lock.
        let old = core::mem::replace(&mut *REGISTRY.lock(), Registry::new());
        drop(old);
    }
}

/// A range in the list, removed on drop.
///
/// # Invariants
///
/// Place `at` of `mode` has a range, that of this.
pub(super) struct LiveRange {
    mode: CacheMode,
    at: u32,
}

impl LiveRange {
    /// Adds the pages from `start` to before `end`. They get the mode that is there already, or
    /// `requested`.
    ///
    /// # Errors
    ///
    /// `EBUSY` where other ranges of several modes overlap it, and `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep. It may be dropped by a task with soft interrupts off.
    #[inline(always)]
    pub(super) fn new(start: u64, end: u64, requested: CacheMode) -> Result<Self> {
        loop {
            let mut registry = REGISTRY.lock();
            let Some(mode) = registry.mode_for(start, end, requested) else {
                continue;
            };
            let mode = mode?;
            if let Some(at) = registry.add(start, end, mode) {
                // INVARIANT: Added just now.
                return Ok(Self { mode, at });
            }
            let places = (2 * registry.of(mode).capacity()).max(16);
            drop(registry);
            add_places(mode, places)?;
        }
    }

    /// Returns the number of its place, by which [`remove`] removes the range.
    #[inline(always)]
    pub(super) fn into_place(self) -> u32 {
        core::mem::ManuallyDrop::new(self).at
    }

    pub(super) const fn mode(&self) -> CacheMode {
        self.mode
    }
}

/// Removes the range of `mode` whose place is `at` from the list, and returns its start and its end.
#[inline(always)]
pub(super) fn remove(at: u32, mode: CacheMode) -> (u64, u64) {
    REGISTRY.lock().remove(at, mode)
}

#[cold]
#[inline(never)]
fn add_places(mode: CacheMode, places: usize) -> Result {
    let nodes = KVVec::from_elem(Node::FREE, places, GFP_KERNEL | __GFP_NOWARN)?;
    let old = REGISTRY.lock().of(mode).grow(nodes);
    // Not freed under the lock.
    drop(old);
    Ok(())
}

impl Drop for LiveRange {
    fn drop(&mut self) {
        remove(self.at, self.mode);
    }
}
