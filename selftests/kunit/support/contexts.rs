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

/// A context to call something in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    Task = 0,
    SoftInterrupt = 1,
    HardInterrupt = 2,
}

impl Context {
    pub(crate) const ALL: [Self; 3] = [Self::Task, Self::SoftInterrupt, Self::HardInterrupt];

    /// Calls `f` in this context, on this CPU where the caller cannot leave it, and waits for its
    /// end. `None` where it turns out to be another context.
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

/// What is to be called, then where that was and what came of it.
struct Call<F, T> {
    f: Option<F>,
    result: Option<(u32, T)>,
}

impl<T, F: FnOnce() -> T> Call<F, T> {
    fn raw(&mut self) -> (unsafe extern "C" fn(*mut c_void), *mut c_void) {
        (Self::run, core::ptr::from_mut(self).cast())
    }

    /// # Safety
    ///
    /// `arg` points to one of these that nobody else uses now.
    unsafe extern "C" fn run(arg: *mut c_void) {
        // SAFETY: As required of our caller.
        let this = unsafe { &mut *arg.cast::<Self>() };
        if let Some(f) = this.f.take() {
            this.result = Some((c::iomrs_c_current_context(), f()));
        }
    }
}

/// A thread, which is waited for on drop: it may borrow what outlives this.
pub(crate) struct Thread<'a> {
    raw: NonNull<c_void>,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Thread<'a> {
    /// Runs `body` in a thread, on CPU `cpu` where one is given. What it makes is for it to say.
    ///
    /// The caller must not forget the thread.
    pub(crate) fn start<F: Fn() + Sync>(cpu: Option<u32>, body: &'a F) -> Outcome<Self> {
        /// # Safety
        ///
        /// `arg` is a `&F`.
        unsafe extern "C" fn run<F: Fn()>(arg: *mut c_void) {
            // SAFETY: As required of our caller.
            unsafe { (*arg.cast::<F>())() };
        }
        let arg = core::ptr::from_ref(body).cast_mut().cast();
        let cpu = cpu.map_or(-1, |cpu| cpu as i32);
        // SAFETY: `body` outlives the thread, which our drop waits for.
        let raw = NonNull::new(unsafe { c::iomrs_c_thread_start(cpu, run::<F>, arg) });
        let Some(raw) = raw else {
            fail!("no thread is to be had")
        };
        Ok(Self {
            raw,
            borrowed: PhantomData,
        })
    }
}

impl Drop for Thread<'_> {
    fn drop(&mut self) {
        // SAFETY: Started by `start`, waited for here only.
        unsafe { c::iomrs_c_thread_join(self.raw.as_ptr()) };
    }
}

/// Calls `body` with 0 on CPU 0 and with 1 on CPU 1, at the same time, and waits for both ends.
pub(crate) fn on_two_cpus(body: &(impl Fn(usize) + Sync)) -> Outcome {
    let (there, gone) = (AtomicU32::new(0), AtomicU32::new(0));
    let together = |who| {
        there.fetch_add(1, Ordering::AcqRel);
        while there.load(Ordering::Acquire) < 2 && gone.load(Ordering::Acquire) == 0 {
            core::hint::spin_loop();
        }
        body(who);
    };
    let (zero, one) = (|| together(0), || together(1));
    let _first = Thread::start(Some(0), &zero)?;
    let second = Thread::start(Some(1), &one);
    gone.store(second.is_err().into(), Ordering::Release);
    second.map(drop)
}

/// Whether there are the two CPUs that some tests take.
pub(crate) fn two_cpus() -> core::result::Result<(), &'static CStr> {
    if c::iomrs_c_num_online_cpus() < 2 {
        return Err(c"one CPU only");
    }
    Ok(())
}

/// A timer that calls something in a hard interrupt, until it is dropped.
pub(crate) struct Tick<'a> {
    raw: NonNull<c_void>,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Tick<'a> {
    /// Calls `body` every `ns` nanoseconds on CPU `cpu`. The caller must not forget it.
    pub(crate) fn start<F: Fn() + Sync>(cpu: u32, ns: u64, body: &'a F) -> Outcome<Self> {
        /// # Safety
        ///
        /// `arg` is a `&F`.
        unsafe extern "C" fn run<F: Fn()>(arg: *mut c_void) {
            // SAFETY: As required of our caller.
            unsafe { (*arg.cast::<F>())() };
        }
        let arg = core::ptr::from_ref(body).cast_mut().cast();
        // SAFETY: `body` outlives the timer, which our drop stops.
        let raw = NonNull::new(unsafe { c::iomrs_c_timer_start(cpu as i32, ns, run::<F>, arg) });
        let Some(raw) = raw else {
            fail!("no timer is to be had")
        };
        Ok(Self {
            raw,
            borrowed: PhantomData,
        })
    }
}

impl Drop for Tick<'_> {
    fn drop(&mut self) {
        // SAFETY: Started by `start`, stopped here only.
        unsafe { c::iomrs_c_timer_stop(self.raw.as_ptr()) };
    }
}
