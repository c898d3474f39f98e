// SPDX-License-Identifier: GPL-2.0

//! Threads that stay on their CPUs, and all end when one fails.

use super::barrier::{Barrier, Failed};
use crate::harness::c;
use core::{ffi::c_void, ptr::NonNull};
use kernel::prelude::*;

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        Self::from_errno(failed.0)
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
                None => barrier.fail(ENOMEM.to_errno()),
            }
        }
        for Thread(raw) in &threads {
            // SAFETY: By the invariant of `Thread` it is a thread that is not joined yet.
            if unsafe { c::iomrs_b_thread_wait(raw.as_ptr()) } != 0 {
                barrier.fail(EINTR.to_errno());
                break;
            }
        }
        drop(threads);
        Ok(barrier.check()?)
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
