// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Where threads wait for each other, agree, and all end when one fails.
//!
//! Pure logic without kernel imports: `selftests/host` tests it with loom.

// No C code looks at these words, so Rust's own atomics will do.
#[cfg(not(loom))]
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};
#[cfg(loom)]
use loom::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// The errno with which a thread failed, negative.
pub(crate) struct Failed(pub(crate) i32);

/// Where threads wait until all of them have come.
///
/// All must come as often. What a thread finds out for itself may differ between threads, a time above
/// all: how often they come must not depend on it, but on what they [agree](Self::agree) on.
pub(crate) struct Barrier {
    count: u32,
    /// What a thread that waits does, again and again.
    relax: extern "C" fn(),
    arrived: AtomicU32,
    decision: AtomicU32,
    /// The errno with which all are to end, or 0.
    failed: AtomicI32,
}

impl Barrier {
    pub(crate) fn new(count: u32, relax: extern "C" fn()) -> Self {
        Self {
            count,
            relax,
            arrived: AtomicU32::new(0),
            decision: AtomicU32::new(0),
            failed: AtomicI32::new(0),
        }
    }

    /// Returns how many threads there are.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Waits for all others.
    ///
    /// # Errors
    ///
    /// That of a thread that failed.
    pub(crate) fn wait(&self) -> Result<(), Failed> {
        let mine = self.arrived.fetch_add(1, Ordering::AcqRel);
        let all = (mine / self.count + 1) * self.count;
        while self.arrived.load(Ordering::Acquire) < all {
            self.check()?;
            (self.relax)();
        }
        self.check()
    }

    /// Waits for all others, and returns what the first thread says, in each of them. `index` is 0 for
    /// the first one. What the others say does not count.
    ///
    /// # Errors
    ///
    /// That of a thread that failed.
    pub(crate) fn agree(&self, index: usize, says: u32) -> Result<u32, Failed> {
        if index == 0 {
            self.decision.store(says, Ordering::Relaxed);
        }
        self.wait()?;
        let decision = self.decision.load(Ordering::Relaxed);
        // The next decision is made when all have read this one.
        self.wait()?;
        Ok(decision)
    }

    /// Makes all threads end with `errno`.
    pub(crate) fn fail(&self, errno: i32) {
        let failed = &self.failed;
        let _ = failed.compare_exchange(0, errno, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// # Errors
    ///
    /// That of a thread that failed.
    pub(crate) fn check(&self) -> Result<(), Failed> {
        match self.failed.load(Ordering::Acquire) {
            0 => Ok(()),
            errno => Err(Failed(errno)),
        }
    }
}
