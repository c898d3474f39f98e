// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Reclaim: where memory is short, whoever allocates some may have to get it back from others first. It calls the
//! shrinkers of drivers then.
//!
//! A shrinker that waits for a lock under which others allocate memory may wait for its own task. lockdep knows both,
//! and reports it, if it has seen either. So it is told here of what happens seldom.
//!
//! C header: [`include/linux/sched/mm.h`](srctree/include/linux/sched/mm.h)

use crate::bindings;

/// Tells the kernel's checkers that the caller may sleep, and allocate memory under locks, whether it does so this time
/// or not.
///
/// It is nothing on a kernel without these checkers.
#[inline(always)]
pub(crate) fn may_allocate() {
    if cfg!(CONFIG_DEBUG_ATOMIC_SLEEP) {
        bindings::iomrs_might_sleep();
    }
    #[cfg(CONFIG_PROVE_LOCKING)]
    bindings::iomrs_might_alloc();
}

/// Tells lockdep that reclaim may wait for the lock which `lock_and_unlock` takes. From then on it reports who allocates
/// memory under it.
pub(crate) fn may_wait_for(lock_and_unlock: impl FnOnce()) {
    #[cfg(CONFIG_PROVE_LOCKING)]
    bindings::iomrs_fs_reclaim_acquire();
    lock_and_unlock();
    #[cfg(CONFIG_PROVE_LOCKING)]
    bindings::iomrs_fs_reclaim_release();
}
