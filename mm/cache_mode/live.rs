// SPDX-License-Identifier: GPL-2.0

//! The ranges that this module has reserved, by cache mode. On a stock kernel nobody else tells which
//! mode a range has: the kernel's registry is not told of modes other than write combining, and does
//! not tell its answer.
//!
//! A range is compared with those of other modes only, of which there are few, if any.

use super::CacheMode;
use core::sync::atomic::{AtomicBool, Ordering};
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    prelude::*,
    sync::global_lock,
};

/// The pages from `start` to before `end`, or a slot that is free.
#[derive(Clone, Copy)]
enum Slot {
    Taken { start: u64, end: u64 },
    Free { next: Option<usize> },
}

/// The ranges of one mode. A range keeps its slot until it is removed.
struct Ranges {
    slots: KVVec<Slot>,
    first_free: Option<usize>,
}

impl Ranges {
    const fn new() -> Self {
        Self {
            slots: KVVec::new(),
            first_free: None,
        }
    }

    fn overlap(&self, start: u64, end: u64) -> bool {
        self.slots.iter().any(|slot| match *slot {
            Slot::Taken {
                start: from,
                end: to,
            } => from < end && start < to,
            Slot::Free { .. } => false,
        })
    }

    /// Adds a range, and returns its slot; `None` where there is no room.
    fn add(&mut self, start: u64, end: u64) -> Option<usize> {
        let taken = Slot::Taken { start, end };
        let free = self
            .first_free
            .and_then(|at| Some((at, self.slots.get_mut(at)?)));
        let Some((at, slot)) = free else {
            self.slots.push_within_capacity(taken).ok()?;
            return Some(self.slots.len() - 1);
        };
        if let Slot::Free { next } = *slot {
            self.first_free = next;
        }
        *slot = taken;
        Some(at)
    }

    /// Moves the slots to `memory` if that has room for more, and returns what is not needed.
    fn grow(&mut self, mut memory: KVVec<Slot>) -> KVVec<Slot> {
        if memory.capacity() > self.slots.capacity() {
            for &slot in &self.slots {
                // There is room, so that it does not fail.
                let _ = memory.push_within_capacity(slot);
            }
            core::mem::swap(&mut self.slots, &mut memory);
        }
        memory
    }

    fn remove(&mut self, at: usize) {
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Slot::Free {
                next: self.first_free,
            };
            self.first_free = Some(at);
        }
    }
}

struct Registry([Ranges; CacheMode::ALL.len()]);

impl Registry {
    const fn new() -> Self {
        Self([const { Ranges::new() }; CacheMode::ALL.len()])
    }

    fn of(&mut self, mode: CacheMode) -> &mut Ranges {
        // CAST: `repr(u8)`, counted from 0 as `CacheMode::ALL` is.
        #[expect(clippy::indexing_slicing, reason = "in bounds by type")]
        &mut self.0[mode as usize]
    }

    /// Returns the mode that a range gets that is asked for as `requested`: that of the ranges that
    /// overlap it, as in C's registry.
    ///
    /// # Errors
    ///
    /// `EBUSY` where these have several.
    fn mode_for(&mut self, start: u64, end: u64, requested: CacheMode) -> Result<CacheMode> {
        let mut found = None;
        for mode in CacheMode::ALL {
            if mode == requested || !self.of(mode).overlap(start, end) {
                continue;
            }
            if found.replace(mode).is_some() {
                return Err(EBUSY);
            }
        }
        match found {
            Some(_) if self.of(requested).overlap(start, end) => Err(EBUSY),
            found => Ok(found.unwrap_or(requested)),
        }
    }
}

global_lock! {
    // SAFETY: `Registration::new` initializes it before anything is reserved.
    unsafe(uninit) static REGISTRY: SpinLockIrq<Registry> = Registry::new();
}

/// Whether `Registration::new` has been called.
static REGISTERED: AtomicBool = AtomicBool::new(false);

/// Keeps the list for as long as the module is loaded.
pub(super) struct Registration(());

impl Registration {
    /// Called when the module is loaded, before anything is reserved.
    ///
    /// # Errors
    ///
    /// `EBUSY` for any call but the first.
    pub(super) fn new() -> Result<Self> {
        if REGISTERED.swap(true, Ordering::Relaxed) {
            return Err(EBUSY);
        }
        // SAFETY: Only one call gets here, and nothing has used the lock before.
        unsafe { REGISTRY.init() };
        Ok(Self(()))
    }
}

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
/// Slot `at` of `mode` is taken, for this.
pub(super) struct LiveRange {
    mode: CacheMode,
    at: usize,
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
    /// May sleep. It may be dropped in any context but NMI.
    pub(super) fn new(start: u64, end: u64, requested: CacheMode) -> Result<Self> {
        loop {
            let mut registry = REGISTRY.lock();
            let mode = registry.mode_for(start, end, requested)?;
            let ranges = registry.of(mode);
            if let Some(at) = ranges.add(start, end) {
                // INVARIANT: Taken just now.
                return Ok(Self { mode, at });
            }
            let places = (2 * ranges.slots.len()).max(16);
            drop(registry);
            let memory = KVVec::with_capacity(places, GFP_KERNEL | __GFP_NOWARN)?;
            let old = REGISTRY.lock().of(mode).grow(memory);
            // Not freed under the lock.
            drop(old);
        }
    }

    pub(super) const fn mode(&self) -> CacheMode {
        self.mode
    }
}

impl Drop for LiveRange {
    fn drop(&mut self) {
        REGISTRY.lock().of(self.mode).remove(self.at);
    }
}
