// SPDX-License-Identifier: GPL-2.0

//! Threads that stay on their CPUs, begin each batch together, and end all when one fails.

use crate::c;
use core::{
    ffi::c_void,
    ptr::NonNull,
    sync::atomic::{AtomicI32, AtomicU32, Ordering},
};
use kernel::{error::to_result, prelude::*};

/// Where threads wait for each other.
pub(crate) struct Barrier {
    count: u32,
    arrived: AtomicU32,
    /// Why all are to end, 0 where they are not.
    failed: AtomicI32,
}

impl Barrier {
    pub(crate) fn new(count: u32) -> Self {
        Self {
            count,
            arrived: AtomicU32::new(0),
            failed: AtomicI32::new(0),
        }
    }

    /// Waits for all others.
    ///
    /// # Errors
    ///
    /// What one of them has failed with.
    pub(crate) fn wait(&self) -> Result {
        let mine = self.arrived.fetch_add(1, Ordering::AcqRel);
        let all = (mine / self.count + 1) * self.count;
        while self.arrived.load(Ordering::Acquire) < all {
            self.check()?;
            c::iomrs_b_relax();
        }
        self.check()
    }

    /// Makes all threads end.
    pub(crate) fn fail(&self, err: Error) {
        let failed = &self.failed;
        let _ = failed.compare_exchange(0, err.to_errno(), Ordering::AcqRel, Ordering::Relaxed);
    }

    /// # Errors
    ///
    /// What a thread has failed with.
    pub(crate) fn check(&self) -> Result {
        to_result(self.failed.load(Ordering::Acquire))
    }
}

/// A thread, which is waited for on drop.
struct Thread(NonNull<c_void>);

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: Started by `Threads::run`, waited for here only.
        unsafe { c::iomrs_b_thread_join(self.0.as_ptr()) };
    }
}

/// What a thread is to run, and which one it is.
struct Call<'a, F> {
    body: &'a F,
    who: usize,
}

pub(crate) struct Threads;

impl Threads {
    /// Runs `body` with 0 on the first of `cpus`, with 1 on the second and so on, and waits for all.
    ///
    /// # Errors
    ///
    /// `EINTR` where a signal comes: then `barrier` is told, and all have ended. `ENOMEM` where
    /// there is no thread to be had.
    pub(crate) fn run<F: Fn(usize) + Sync>(cpus: &[u32], body: &F, barrier: &Barrier) -> Result {
        let mut calls = KVec::with_capacity(cpus.len(), GFP_KERNEL)?;
        for who in 0..cpus.len() {
            calls.push(Call { body, who }, GFP_KERNEL)?;
        }
        // Dropped before what the threads borrow.
        let mut threads = KVec::with_capacity(cpus.len(), GFP_KERNEL)?;
        for (call, &cpu) in calls.iter().zip(cpus) {
            let arg = core::ptr::from_ref(call).cast_mut().cast();
            // SAFETY: `call` and what it borrows outlive the thread, which is waited for below,
            // whatever happens; and there is room for it, so that it cannot get lost.
            let raw = unsafe { c::iomrs_b_thread_start(cpu, Self::start::<F>, arg) };
            match NonNull::new(raw) {
                Some(raw) => threads.push(Thread(raw), GFP_KERNEL)?,
                None => barrier.fail(ENOMEM),
            }
        }
        for Thread(raw) in &threads {
            // SAFETY: A thread that has not been joined.
            if unsafe { c::iomrs_b_thread_wait(raw.as_ptr()) } != 0 {
                barrier.fail(EINTR);
                break;
            }
        }
        drop(threads);
        barrier.check()
    }

    /// # Safety
    ///
    /// `arg` is a `&Call<F>`.
    unsafe extern "C" fn start<F: Fn(usize)>(arg: *mut c_void) {
        // SAFETY: As required of our caller.
        let call = unsafe { &*arg.cast::<Call<'_, F>>() };
        (call.body)(call.who);
    }
}
