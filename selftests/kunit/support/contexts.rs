// SPDX-License-Identifier: GPL-2.0

//! Where code runs: threads, interrupts, timers. See `c/contexts.c`.

use crate::{c, support::outcome::*};
use core::{
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull,
    sync::atomic::{AtomicU32, Ordering},
};
use kernel::prelude::*;

/// A context in which a closure can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    Task = 0,
    SoftInterrupt = 1,
    HardInterrupt = 2,
}

impl Context {
    pub(crate) const ALL: [Self; 3] = [Self::Task, Self::SoftInterrupt, Self::HardInterrupt];

    /// Calls `f` in this context, on this CPU where the caller cannot leave it, and waits for its
    /// end. Returns `None` where it turns out to have run in another context.
    pub(crate) fn run<T: Send>(self, f: impl FnOnce() -> T + Send) -> Option<T> {
        let mut call = Call {
            f: Some(f),
            result: None,
        };
        let (run, arg) = call.raw();
        // SAFETY: `run` is for `arg`, which lives until the call has ended.
        unsafe {
            match self {
                Self::Task => run(arg),
                Self::SoftInterrupt => c::iomrs_c_run_in_softirq(run, arg),
                Self::HardInterrupt => c::iomrs_c_run_in_hardirq(run, arg),
            }
        }
        let (context, result) = call.result?;
        (context == self as u32).then_some(result)
    }
}

/// A closure that C calls once, and later the context in which that was and what it returned.
struct Call<F, T> {
    f: Option<F>,
    result: Option<(u32, T)>,
}

impl<T, F: FnOnce() -> T> Call<F, T> {
    fn raw(&mut self) -> (c::Callback, *mut c_void) {
        (Self::run, core::ptr::from_mut(self).cast())
    }

    /// # Safety
    ///
    /// `arg` points to a `Self` that nobody else uses meanwhile.
    unsafe extern "C" fn run(arg: *mut c_void) {
        // SAFETY: The caller passes a pointer to a `Self` that nobody else uses.
        let this = unsafe { &mut *arg.cast::<Self>() };
        if let Some(f) = this.f.take() {
            this.result = Some((c::iomrs_c_current_context(), f()));
        }
    }
}

/// Calls `f` with soft interrupts off. It may unmap, of which a kernel that checks for sleeping complains, as of C's
/// `iounmap()`.
pub(crate) fn without_soft_interrupts(f: impl FnOnce()) {
    let mut call = Call {
        f: Some(f),
        result: None,
    };
    let (run, arg) = call.raw();
    // SAFETY: `run` is for `arg`, which lives until the call has ended.
    complaints_are_wanted(|| unsafe { c::iomrs_c_run_with_bh_disabled(run, arg) });
}

/// Returns what C has to be given to call `body`: a function and its argument.
pub(crate) fn callback<R, F: Fn() -> R + Sync>(body: &F) -> (c::Callback<R>, *mut c_void) {
    /// # Safety
    ///
    /// `arg` points to an `F` that lives as long as the call.
    unsafe extern "C" fn run<R, F: Fn() -> R>(arg: *mut c_void) -> R {
        // SAFETY: The caller passes a pointer to an `F`, of which shared use is fine.
        unsafe { (*arg.cast::<F>())() }
    }
    (run::<R, F>, core::ptr::from_ref(body).cast_mut().cast())
}

/// A thread. Its drop waits for its end, so that it may borrow what outlives this.
pub(crate) struct Thread<'a> {
    raw: NonNull<c_void>,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Thread<'a> {
    /// Runs `body` in a thread, on CPU `cpu` where one is given.
    ///
    /// The caller must not forget the thread.
    pub(crate) fn start<F: Fn() + Sync>(cpu: Option<u32>, body: &'a F) -> Outcome<Self> {
        let (run, arg) = callback(body);
        let cpu = cpu.map_or(-1, |cpu| cpu as i32);
        // SAFETY: `run` is for `arg`, and `body` outlives the thread, which our drop waits for.
        let raw = NonNull::new(unsafe { c::iomrs_c_thread_start(cpu, run, arg) });
        let Some(raw) = raw else {
            fail!("no thread can be made")
        };
        Ok(Self {
            raw,
            borrowed: PhantomData,
        })
    }
}

impl Drop for Thread<'_> {
    fn drop(&mut self) {
        // SAFETY: `start` made the thread, and it is waited for here only.
        unsafe { c::iomrs_c_thread_join(self.raw.as_ptr()) };
    }
}

/// Calls `body` with the number of each of the first `count` CPUs on that CPU, at the same time, and waits
/// for all ends.
pub(crate) fn on_cpus(count: u32, body: &(impl Fn(usize) + Sync)) -> Outcome {
    let (arrived, missing) = (AtomicU32::new(0), AtomicU32::new(0));
    let together = |cpu| {
        arrived.fetch_add(1, Ordering::AcqRel);
        while arrived.load(Ordering::Acquire) + missing.load(Ordering::Acquire) < count {
            core::hint::spin_loop();
        }
        body(cpu as usize);
    };
    let mut bodies = check_ok!(KVec::with_capacity(count as usize, GFP_KERNEL));
    for cpu in 0..count {
        check_ok!(bodies.push(move || together(cpu), GFP_KERNEL));
    }
    let mut threads = check_ok!(KVec::with_capacity(count as usize, GFP_KERNEL));
    for (cpu, body) in (0..count).zip(&bodies) {
        match Thread::start(Some(cpu), body) {
            Ok(thread) => check_ok!(threads.push(thread, GFP_KERNEL)),
            Err(err) => {
                // Those that run wait for no more.
                missing.store(count - cpu, Ordering::Release);
                return Err(err);
            }
        }
    }
    Ok(())
}

/// As [`on_cpus`], for two CPUs.
pub(crate) fn on_two_cpus(body: &(impl Fn(usize) + Sync)) -> Outcome {
    on_cpus(2, body)
}

/// Says whether there are the two CPUs that some tests take.
pub(crate) fn two_cpus() -> Available {
    if c::iomrs_c_num_online_cpus() < 2 {
        return Err(c"one CPU only");
    }
    Ok(())
}

/// Says whether there are two CPUs, and one can go offline.
pub(crate) fn a_cpu_to_take_offline() -> Available {
    if !cfg!(CONFIG_HOTPLUG_CPU) {
        return Err(c"no CPU can go offline (CONFIG_HOTPLUG_CPU)");
    }
    two_cpus()
}

/// All CPUs but the first are offline for as long as the value exists. They were all online before.
pub(crate) struct OneCpu {
    cpus: u32,
}

impl OneCpu {
    pub(crate) fn new() -> Outcome<Self> {
        let this = Self {
            cpus: c::iomrs_c_num_online_cpus(),
        };
        for cpu in 1..this.cpus {
            check_eq!(c::iomrs_c_set_cpu_online(cpu as i32, false), 0);
        }
        check_eq!(c::iomrs_c_num_online_cpus(), 1);
        Ok(this)
    }

    /// Brings all of them back.
    pub(crate) fn end(self) -> Outcome {
        let cpus = self.cpus;
        drop(self);
        check_eq!(c::iomrs_c_num_online_cpus(), cpus);
        Ok(())
    }
}

impl Drop for OneCpu {
    fn drop(&mut self) {
        for cpu in 1..self.cpus {
            c::iomrs_c_set_cpu_online(cpu as i32, true);
        }
    }
}

/// A timer that calls a closure in hard interrupts until it is dropped.
pub(crate) struct Timer<'a> {
    raw: NonNull<c_void>,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Timer<'a> {
    /// Calls `body` every `ns` nanoseconds on CPU `cpu`, or on another where that is offline. The caller must not
    /// forget the timer.
    pub(crate) fn start<F: Fn() + Sync>(cpu: u32, ns: u64, body: &'a F) -> Outcome<Self> {
        let (run, arg) = callback(body);
        // SAFETY: `run` is for `arg`, and `body` outlives the timer, which our drop stops.
        let raw = NonNull::new(unsafe { c::iomrs_c_timer_start(cpu as i32, ns, run, arg) });
        let Some(raw) = raw else {
            fail!("no timer can be made")
        };
        Ok(Self {
            raw,
            borrowed: PhantomData,
        })
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        // SAFETY: `start` made the timer, and it is stopped here only.
        unsafe { c::iomrs_c_timer_stop(self.raw.as_ptr()) };
    }
}

/// Returns what an atomic map changes of the task: preemption and page faults that are turned off.
pub(crate) fn side_effects() -> (u32, u32) {
    (c::iomrs_c_preempt_count(), c::iomrs_c_pagefault_disabled())
}
