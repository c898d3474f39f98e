// SPDX-License-Identifier: GPL-2.0

//! What a task of the kernel does later, as it may wait there.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use crate::bindings;
use kernel::{
    bindings::{
        delayed_work, disable_delayed_work_sync, queue_delayed_work_on, system_dfl_wq, work_struct,
        wq_misc_consts_WORK_CPU_UNBOUND, HZ,
    },
    ffi::c_ulong,
    types::Opaque,
};

/// What [`Work`] does.
pub(crate) trait Later {
    /// Called by a task of the kernel, which may sleep.
    fn run();
}

/// Something that a task of the kernel does later.
pub(crate) struct Work(Opaque<delayed_work>);

// SAFETY: Work belongs to no task.
unsafe impl Send for Work {}
// SAFETY: The kernel queues and disables work of any task at any time.
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
    /// Called once. The work stays where it is until it is dropped, before which it is disabled.
    pub(crate) unsafe fn init<T: Later>(&self) {
        /// # Safety
        ///
        /// None.
        unsafe extern "C" fn run<T: Later>(_: *mut work_struct) {
            T::run();
        }
        // SAFETY: Our caller guarantees that nobody uses it yet, and that it is not moved.
        unsafe { bindings::iomrs_init_deferrable_work(self.0.get(), Some(run::<T>)) };
    }

    /// Has the work done soon after `millis` milliseconds, unless it is waiting to be done. No CPU that sleeps is
    /// woken for it when they have passed.
    ///
    /// # Context
    ///
    /// Any but NMI.
    ///
    /// # Safety
    ///
    /// It has been initialised.
    pub(crate) unsafe fn queue_after(&self, millis: u32) {
        // CAST: as wide, or wider. Where it does not fit, years are left.
        let jiffies = (millis as c_ulong)
            .saturating_mul(HZ as c_ulong)
            .div_ceil(1000);
        // SAFETY: The kernel's queue is there. Our caller guarantees that the work is initialised.
        unsafe {
            queue_delayed_work_on(
                wq_misc_consts_WORK_CPU_UNBOUND as i32,
                system_dfl_wq,
                self.0.get(),
                jiffies,
            )
        };
    }

    /// Waits until the work is done, or has it not done at all. From then on it is never done.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// It has been initialised.
    pub(crate) unsafe fn disable(&self) {
        // SAFETY: Our caller guarantees it.
        unsafe { disable_delayed_work_sync(self.0.get()) };
    }
}
