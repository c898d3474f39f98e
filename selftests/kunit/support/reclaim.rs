// SPDX-License-Identifier: GPL-2.0

//! Memory that is short: a shrinker of the tests, and what makes the kernel call it. See `c/reclaim.c`.

use crate::{
    c,
    support::{contexts::callback, outcome::*},
};
use core::{ffi::c_void, marker::PhantomData, ptr, ptr::NonNull};
use kernel::{error::to_result, prelude::*};

/// A shrinker. Its drop waits for calls that have begun, so that it may borrow what outlives this.
pub(crate) struct Shrinker<'a> {
    raw: NonNull<c_void>,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Shrinker<'a> {
    /// Has the kernel call `scan` whenever memory is short: it returns whether it gave something up. Any task may be
    /// what calls it, several at once.
    ///
    /// The caller must not forget the shrinker.
    pub(crate) fn start<F: Fn() -> bool + Sync>(scan: &'a F) -> Outcome<Self> {
        let (ask, arg) = callback(scan);
        // SAFETY: `ask` is for `arg`, and `scan` outlives the shrinker, which our drop stops.
        let raw = NonNull::new(unsafe { c::iomrs_c_shrinker_start(ask, arg) });
        let Some(raw) = raw else {
            fail!("no shrinker can be made")
        };
        Ok(Self {
            raw,
            borrowed: PhantomData,
        })
    }
}

impl Drop for Shrinker<'_> {
    fn drop(&mut self) {
        // SAFETY: `start` made the shrinker, and it is stopped here only.
        unsafe { c::iomrs_c_shrinker_stop(self.raw.as_ptr()) };
    }
}

/// Calls `f` as a task calls shrinkers that must wait for memory: lockdep takes the locks for reclaim's, and the
/// kernel gives memory from what it keeps for that.
pub(crate) fn in_reclaim<T>(f: impl FnOnce() -> T) -> Outcome<T> {
    struct Call<F, T>(Option<F>, Option<T>);

    /// # Safety
    ///
    /// `arg` points to a `Call<F, T>` that nobody else uses meanwhile.
    unsafe extern "C" fn run<T, F: FnOnce() -> T>(arg: *mut c_void) {
        // SAFETY: The caller passes a pointer to a `Call` that nobody else uses.
        let Call(f, result) = unsafe { &mut *arg.cast::<Call<F, T>>() };
        *result = f.take().map(|f| f());
    }

    fn function_of<T, F: FnOnce() -> T>(_: &Call<F, T>) -> c::Callback {
        run::<T, F>
    }

    let mut call = Call(Some(f), None);
    let function = function_of(&call);
    // SAFETY: The function is for the argument, which lives until it has returned.
    unsafe { c::iomrs_c_run_in_reclaim(function, ptr::from_mut(&mut call).cast()) };
    match call.1 {
        Some(result) => Ok(result),
        None => fail!("C did not call"),
    }
}

/// Has the kernel call all shrinkers.
pub(crate) fn drop_slab() -> Result {
    to_result(c::iomrs_c_drop_slab())
}

/// Takes memory until `is_enough` says so or there is none left, and frees it.
pub(crate) fn use_up_memory<F: Fn() -> bool + Sync>(is_enough: &F) {
    let (ask, arg) = callback(is_enough);
    // SAFETY: `ask` is for `arg`, which outlives the call.
    unsafe { c::iomrs_c_use_up_memory(ask, arg) };
}
