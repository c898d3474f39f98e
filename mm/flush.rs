// SPDX-License-Identifier: GPL-2.0

//! Flushes of translations on all CPUs, and work that is put off until it may wait for them.
//!
//! A CPU may keep a translation of any page that is mapped, whether it has used the page or not: it
//! looks ahead. So an address that is to be used on another CPU for another page is flushed on all
//! of them first.

use crate::arch::{tlb, xen_pv};
use crate::bindings;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};
use kernel::{
    bindings::{
        cancel_work_sync, queue_work_on, system_unbound_wq, work_struct,
        wq_misc_consts_WORK_CPU_UNBOUND,
    },
    ffi::c_void,
    types::Opaque,
};

/// How many flushes of all CPUs there were since the module was loaded.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Drops all translations of every CPU, and what they keep of the tables on the way to them. An entry
/// that is clear when this begins is in no TLB when it ends.
///
/// # Context
///
/// [`may_wait_for_cpus`], or a task with interrupts on and no lock that is taken with interrupts off.
pub(crate) fn all_cpus() {
    /// # Safety
    ///
    /// None.
    unsafe extern "C" fn flush(_: *mut c_void) {
        // Slots are on no such guest, see `Window`. Areas are.
        if xen_pv::is_guest() {
            return xen_pv::invalidate_all();
        }
        tlb::invalidate_all();
    }
    COUNT.fetch_add(1, Ordering::Relaxed);
    // SAFETY: `flush` does not use its argument, and may be called in interrupts.
    unsafe { bindings::iomrs_on_each_cpu(Some(flush), ptr::null_mut()) };
}

/// Returns how many flushes of all CPUs there were since the module was loaded.
pub(crate) fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Returns how many CPUs are online, at least one.
pub(crate) fn online_cpus() -> usize {
    // CAST: There are at most 2^16.
    bindings::iomrs_num_online_cpus().max(1) as usize
}

/// Whether the caller may wait for other CPUs: it can be preempted, so that it holds nothing that
/// they may spin for. Where the kernel does not count it is `false`.
pub(crate) fn may_wait_for_cpus() -> bool {
    bindings::iomrs_preemptible()
}

/// Whether this is an interrupt, soft or hard: what runs here ends before a task of this CPU goes on.
pub(crate) fn in_interrupt() -> bool {
    bindings::iomrs_in_interrupt()
}

/// What [`Work`] does.
pub(crate) trait Later {
    /// Called by a task of the kernel, which may sleep.
    fn run();
}

/// Something that a task of the kernel does later.
pub(crate) struct Work(Opaque<work_struct>);

// SAFETY: Work belongs to no task.
unsafe impl Send for Work {}
// SAFETY: The kernel queues and cancels work of any task at any time.
unsafe impl Sync for Work {}

impl Work {
    /// Returns work that has to be initialised where it stays.
    pub(crate) const fn new() -> Self {
        Self(Opaque::uninit())
    }

    /// Lets the work call [`T::run`](Later::run).
    ///
    /// # Safety
    ///
    /// Called once. The work stays where it is until it is dropped, before which it is cancelled.
    pub(crate) unsafe fn init<T: Later>(&self) {
        /// # Safety
        ///
        /// None.
        unsafe extern "C" fn run<T: Later>(_: *mut work_struct) {
            T::run();
        }
        // SAFETY: Our caller guarantees that nobody uses it yet, and that it is not moved.
        unsafe { bindings::iomrs_init_work(self.0.get(), Some(run::<T>)) };
    }

    /// Has the work done soon, unless it is waiting to be done.
    ///
    /// # Context
    ///
    /// Any but NMI.
    ///
    /// # Safety
    ///
    /// It has been initialised.
    pub(crate) unsafe fn queue(&self) {
        // SAFETY: The kernel's queue is there. Our caller guarantees that the work is initialised.
        unsafe {
            queue_work_on(
                wq_misc_consts_WORK_CPU_UNBOUND as i32,
                system_unbound_wq,
                self.0.get(),
            )
        };
    }

    /// Waits until the work is done, or has it not done at all.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// It has been initialised.
    pub(crate) unsafe fn cancel(&self) {
        // SAFETY: Our caller guarantees it.
        unsafe { cancel_work_sync(self.0.get()) };
    }
}
