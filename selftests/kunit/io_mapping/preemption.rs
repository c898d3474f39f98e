// SPDX-License-Identifier: GPL-2.0

//! Whoever is due to run when an atomic map ends runs at once, as in C.

use crate::{
    c,
    io_mapping::aperture::CAperture,
    support::{
        contexts::Thread,
        outcome::*,
        ranges::{aperture, Range, PAGE},
    },
};
use core::sync::atomic::{AtomicBool, Ordering};
use kernel::{
    prelude::*,
    sync::{Arc, Completion},
};

/// An atomic map of C's, unmapped on drop.
struct CMap(usize);

impl CMap {
    fn new(of: &CAperture) -> Self {
        // SAFETY: The aperture is live, and the page in it.
        Self(unsafe { c::iomrs_c_io_mapping_map_atomic_wc(of.0, 0) })
    }
}

impl Drop for CMap {
    fn drop(&mut self) {
        // SAFETY: Mapped by `new`, by the same task.
        unsafe { c::iomrs_c_io_mapping_unmap_atomic(self.0) };
    }
}

/// Whether a real-time thread that is woken while its CPU holds a map has run: by then, and the
/// moment after the map has ended.
fn has_run<M>(map: impl Fn() -> M + Sync) -> Outcome<[bool; 2]> {
    let gate = check_ok!(Arc::pin_init(Completion::new(), GFP_KERNEL));
    let (waits, ran) = (AtomicBool::new(false), AtomicBool::new(false));
    let seen = [AtomicBool::new(false), AtomicBool::new(false)];
    let urgent = || {
        c::iomrs_c_sched_set_fifo();
        waits.store(true, Ordering::Release);
        gate.wait_for_completion();
        ran.store(true, Ordering::Release);
    };
    let holder = || {
        // Nothing of ours runs on the CPU before the other thread waits.
        while !waits.load(Ordering::Acquire) {
            c::iomrs_c_msleep(1);
        }
        let held = map();
        gate.complete_all();
        let during = ran.load(Ordering::Acquire);
        drop(held);
        let after = ran.load(Ordering::Acquire);
        seen[0].store(during, Ordering::Relaxed);
        seen[1].store(after, Ordering::Relaxed);
    };
    let _urgent = Thread::start(Some(0), &urgent)?;
    let holder = Thread::start(Some(0), &holder);
    if holder.is_err() {
        gate.complete_all();
    }
    drop(holder?);
    Ok(seen.map(AtomicBool::into_inner))
}

#[kunit_tests(iomrs_preemption)]
mod tests {
    use super::*;

    #[test]
    fn s6_woken_task_runs_when_an_atomic_map_ends() -> Outcome {
        let range = require!(Range::reserved());
        let ours = check_ok!(aperture(range.phys, PAGE));
        let theirs = CAperture::new(range.phys, PAGE)?;
        let with_theirs = has_run(|| CMap::new(&theirs))?;
        let with_ours = has_run(|| ours.map_atomic(0))?;
        check_eq!(with_ours, with_theirs);
        if !with_theirs[1] {
            return skip(c"this kernel preempts nobody");
        }
        // On PREEMPT_RT a map turns off migration only.
        check_eq!(with_theirs[0], cfg!(CONFIG_PREEMPT_RT));
        Ok(())
    }
}
