// SPDX-License-Identifier: GPL-2.0

//! A task that is woken during an atomic map runs when the map ends, as in C.

use super::c_atomic_map::CAtomicMap;
use crate::{
    c,
    support::{
        contexts::Thread,
        mappings::{aperture, CAperture},
        outcome::*,
        ranges::{TestRange, PAGE},
    },
};
use core::sync::atomic::{AtomicBool, Ordering};
use kernel::{
    prelude::*,
    sync::{Arc, Completion},
};

/// Wakes a real-time thread while its CPU holds a map: `with_map` calls its argument meanwhile.
/// Returns whether the thread has run while the map was held, and right after the map has ended.
fn runs_while_mapped_and_after(with_map: impl Fn(&mut dyn FnMut()) + Sync) -> Outcome<[bool; 2]> {
    let gate = check_ok!(Arc::pin_init(Completion::new(), GFP_KERNEL));
    let (waits, has_run) = (AtomicBool::new(false), AtomicBool::new(false));
    let found = [AtomicBool::new(false), AtomicBool::new(false)];
    let real_time = || {
        c::iomrs_c_sched_set_fifo();
        waits.store(true, Ordering::Release);
        gate.wait_for_completion();
        has_run.store(true, Ordering::Release);
    };
    let holder = || {
        // The real-time thread waits first.
        while !waits.load(Ordering::Acquire) {
            c::iomrs_c_msleep(1);
        }
        with_map(&mut || {
            gate.complete_all();
            found[0].store(has_run.load(Ordering::Acquire), Ordering::Relaxed);
        });
        found[1].store(has_run.load(Ordering::Acquire), Ordering::Relaxed);
    };
    let _real_time = Thread::start(Some(0), &real_time)?;
    let holder = Thread::start(Some(0), &holder);
    if holder.is_err() {
        gate.complete_all();
    }
    drop(holder?);
    Ok(found.map(AtomicBool::into_inner))
}

#[kunit_tests(iomrs_preemption)]
mod tests {
    use super::*;

    #[test]
    fn s6_woken_task_runs_when_an_atomic_map_ends() -> Outcome {
        let range = require!(TestRange::reserved());
        let ours = check_ok!(aperture(range.phys, PAGE));
        let in_c = CAperture::new(range.phys, PAGE)?;
        let with_c = runs_while_mapped_and_after(|f| {
            let _map = CAtomicMap::new(&in_c);
            f();
        })?;
        let refused = AtomicBool::new(false);
        let with_ours = runs_while_mapped_and_after(|f| {
            let mapped = ours.map_atomic(0, |_| f());
            refused.store(mapped.is_err(), Ordering::Relaxed);
        })?;
        check!(!refused.into_inner());
        check_eq!(with_ours, with_c);
        if !with_c[1] {
            return skip(c"this kernel does not preempt");
        }
        // On PREEMPT_RT an atomic map turns off migration only.
        check_eq!(with_c[0], cfg!(CONFIG_PREEMPT_RT));
        Ok(())
    }
}
