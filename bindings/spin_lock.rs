// SPDX-License-Identifier: GPL-2.0

//! `<linux/spinlock.h>`: a lock that is there before any code runs, with what it protects.
//!
//! The kernel crate's `global_lock!` has to be initialised first. It also calls the kernel two times more for each
//! pair of lock and unlock: C's `spin_lock()` is a call of `_raw_spin_lock()`, and so is ours, except where that is
//! no function.

use super::iomrs_spin_trylock;
#[cfg(iomrs_spin_lock_calls)]
use super::{iomrs_spin_lock as raw_lock, iomrs_spin_unlock as raw_unlock};
use core::{
    cell::UnsafeCell,
    ops::{Deref, DerefMut},
};
#[cfg(iomrs_spin_lock_direct)]
use kernel::bindings::{_raw_spin_lock as raw_lock, _raw_spin_unlock as raw_unlock};
use kernel::{bindings::spinlock, types::NotThreadSafe};

/// What a spin lock protects, and the lock (C: `DEFINE_SPINLOCK()`).
///
/// # Invariants
///
/// `lock` is one of those in `helpers/spinlock.c`. Nothing else uses it.
pub(crate) struct SpinLock<T> {
    lock: *mut spinlock,
    data: UnsafeCell<T>,
}

// SAFETY: One task at a time has a reference to the data, and it may be on any CPU.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// # Safety
    ///
    /// `lock` is one of those in `helpers/spinlock.c`, and is passed to no other call.
    pub(crate) const unsafe fn new(lock: *mut spinlock, data: T) -> Self {
        // INVARIANT: As required of our caller.
        Self {
            lock,
            data: UnsafeCell::new(data),
        }
    }

    /// Waits for the lock, and has it until the guard is dropped.
    ///
    /// # Context
    ///
    /// A task. With `PREEMPT_RT` it may sleep.
    #[inline(always)]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        // SAFETY: By the invariant it is a lock, which begins with its raw lock. It is unlocked when the guard is
        // dropped.
        unsafe { raw_lock(self.lock.cast()) };
        // INVARIANT: Locked just now.
        Guard {
            of: self,
            _in_this_task: NotThreadSafe,
        }
    }

    /// Takes the lock if nobody has it.
    ///
    /// # Context
    ///
    /// Any but NMI; with `PREEMPT_RT` a task.
    pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
        // SAFETY: As in `lock`.
        let locked = unsafe { iomrs_spin_trylock(self.lock) };
        // INVARIANT: There is a guard only if it was locked just now.
        locked.then(|| Guard {
            of: self,
            _in_this_task: NotThreadSafe,
        })
    }
}

/// What a spin lock protects, while it is locked.
///
/// # Invariants
///
/// The lock was taken for this guard by this task, and is held.
#[must_use = "the lock is unlocked at once"]
pub(crate) struct Guard<'a, T> {
    of: &'a SpinLock<T>,
    _in_this_task: NotThreadSafe,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: By the invariant the lock is held, so that nobody else has a reference.
        unsafe { &*self.of.data.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: As in `deref`. The guard is borrowed mutably, so that there is no other reference by it.
        unsafe { &mut *self.of.data.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: By the invariant this task holds the lock.
        unsafe { raw_unlock(self.of.lock.cast()) };
    }
}
