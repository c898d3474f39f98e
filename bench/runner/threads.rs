// SPDX-License-Identifier: GPL-2.0

//! Threads that stay on their CPUs, begin each batch at the same time, and all end when one fails.

use crate::harness::c;
use core::{
    ffi::c_void,
    ptr::NonNull,
    sync::atomic::{AtomicI32, AtomicU32, Ordering},
};
use kernel::{error::to_result, prelude::*};

/// Where threads wait until all of them have come.
pub(crate) struct Barrier {
    count: u32,
    arrived: AtomicU32,
    /// The errno with which all are to end, or 0.
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

    /// Returns how many threads there are.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Waits for all others.
    ///
    /// # Errors
    ///
    /// That of a thread that failed.
    pub(crate) fn wait(&self) -> Result {
        let mine = self.arrived.fetch_add(1, Ordering::AcqRel);
        let all = (mine / self.count + 1) * self.count;
        while self.arrived.load(Ordering::Acquire) < all {
            self.check()?;
            c::iomrs_b_relax();
        }
        self.check()
    }

    /// Makes all threads end with `err`.
    pub(crate) fn fail(&self, err: Error) {
        let failed = &self.failed;
        let _ = failed.compare_exchange(0, err.to_errno(), Ordering::AcqRel, Ordering::Relaxed);
    }

    /// # Errors
    ///
    /// That of a thread that failed.
    pub(crate) fn check(&self) -> Result {
        to_result(self.failed.load(Ordering::Acquire))
    }
}

/// A thread. Its drop waits for its end.
///
/// # Invariants
///
/// It was started by `iomrs_b_thread_start()`, and is not joined yet.
struct Thread(NonNull<c_void>);

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `self` it is a thread that is not joined yet.
        unsafe { c::iomrs_b_thread_join(self.0.as_ptr()) };
    }
}

/// What a thread runs, and which one of the threads it is.
struct Call<'a, F> {
    body: &'a F,
    index: usize,
}

pub(crate) struct Threads;

impl Threads {
    /// Runs `body(0)` on the first of `cpus`, `body(1)` on the second and so on, and waits for all.
    ///
    /// # Errors
    ///
    /// `EINTR` where a signal arrives, `ENOMEM` where a thread cannot be made. In both cases `barrier`
    /// makes all threads end first.
    pub(crate) fn run<F: Fn(usize) + Sync>(cpus: &[u32], body: &F, barrier: &Barrier) -> Result {
        let mut calls = KVec::with_capacity(cpus.len(), GFP_KERNEL)?;
        for index in 0..cpus.len() {
            calls.push(Call { body, index }, GFP_KERNEL)?;
        }
        // Declared last, so that it is dropped before what the threads borrow.
        let mut threads = KVec::with_capacity(cpus.len(), GFP_KERNEL)?;
        for (call, &cpu) in calls.iter().zip(cpus) {
            let arg = core::ptr::from_ref(call).cast_mut().cast();
            // SAFETY: `call` and what it borrows outlive the thread, which a drop waits for below in
            // any case. There is room for it in `threads`, so that it is not lost.
            let raw = unsafe { c::iomrs_b_thread_start(cpu, Self::start::<F>, arg) };
            match NonNull::new(raw) {
                // INVARIANT: It was started just now.
                Some(raw) => threads.push(Thread(raw), GFP_KERNEL)?,
                None => barrier.fail(ENOMEM),
            }
        }
        for Thread(raw) in &threads {
            // SAFETY: By the invariant of `Thread` it is a thread that is not joined yet.
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
    /// `arg` is a pointer to a `Call<F>` that outlives the call.
    unsafe extern "C" fn start<F: Fn(usize)>(arg: *mut c_void) {
        // SAFETY: The caller says that it is a pointer to a `Call<F>`.
        let call = unsafe { &*arg.cast::<Call<'_, F>>() };
        (call.body)(call.index);
    }
}
