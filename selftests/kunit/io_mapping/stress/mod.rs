// SPDX-License-Identifier: GPL-2.0

//! Tasks and interrupts on two CPUs map pages of one sparse aperture at the same time. Each has
//! pages of its own, and must read from them what it wrote last.

mod counts;
mod owner;
mod workload;

use crate::{
    c,
    support::{
        contexts::{a_cpu_to_take_offline, two_cpus, OneCpu, Thread, Timer},
        outcome::*,
        ranges::TestRange,
    },
};
use core::sync::atomic::{AtomicU32, Ordering};
use kernel::prelude::*;
use workload::{all_chunks, Stress, TASKS};

/// Rounds of all tasks together.
const ROUNDS: u32 = 100_000;
/// So many times fewer where the budget allows no chunks for all of the aperture, as the rounds can take twenty times as long
/// there on emulated CPUs.
const FEWER: u32 = 5;
/// All chunks are trimmed between two phases.
const PHASES: u32 = 10;
/// How often a CPU goes offline and comes back, each of them by turns. After that all of them go once.
const HOTPLUGS: u32 = 12;
/// Nanoseconds between two interrupts of a timer.
const TIMER_NS: u64 = 400_000;

#[kunit_tests(iomrs_stress)]
mod tests {
    use super::*;

    #[test]
    fn s11_tasks_and_interrupts_at_any_chunk_budget() -> Outcome {
        require!(two_cpus());
        let mut stress = check_ok!(KBox::new(
            Stress::new(require!(TestRange::reserved()))?,
            GFP_KERNEL
        ));
        let rounds = if all_chunks() { ROUNDS } else { ROUNDS / FEWER };
        for _ in 0..PHASES {
            let this = &*stress;
            let rounds = rounds / PHASES / TASKS as u32;
            let [first, second, third, fourth] =
                [0, 1, 2, 3].map(|task: usize| move || this.task(&this.tasks[task], rounds));
            let interrupts = [0, 1].map(|timer: usize| move || this.interrupt(&this.timers[timer]));
            let timers = (
                Timer::start(0, TIMER_NS, &interrupts[0])?,
                Timer::start(1, TIMER_NS, &interrupts[1])?,
            );
            drop((
                Thread::start(Some(0), &first)?,
                Thread::start(Some(1), &second)?,
                Thread::start(Some(0), &third)?,
                Thread::start(Some(1), &fourth)?,
            ));
            drop(timers);
            stress.aperture.trim();
        }
        stress.check()
    }

    #[test]
    fn s11_a_cpu_goes_offline_and_comes_back() -> Outcome {
        require!(a_cpu_to_take_offline());
        let stress = check_ok!(KBox::new(
            Stress::new(require!(TestRange::reserved()))?,
            GFP_KERNEL
        ));
        let this = &*stress;
        let (done, succeeded) = (AtomicU32::new(0), AtomicU32::new(0));
        let tasks = [0, 1, 2].map(|task: usize| {
            let done = &done;
            move || {
                while done.load(Ordering::Acquire) == 0 {
                    this.task(&this.tasks[task], 50);
                }
            }
        });
        let interrupts = [0, 1].map(|timer: usize| move || this.interrupt(&this.timers[timer]));
        let hotplug = || {
            let cpus = c::iomrs_c_num_online_cpus();
            for round in 0..HOTPLUGS {
                let cpu = 1 + round % (cpus - 1);
                // When its CPU goes offline, the timer goes on on another.
                let _timer = Timer::start(cpu, TIMER_NS, &interrupts[1]);
                c::iomrs_c_msleep(20);
                let offline = c::iomrs_c_set_cpu_online(cpu as i32, false);
                c::iomrs_c_msleep(20);
                let online = c::iomrs_c_set_cpu_online(cpu as i32, true);
                let succeeds = offline == 0 && online == 0;
                succeeded.fetch_add(succeeds.into(), Ordering::AcqRel);
            }
            let succeeds = OneCpu::new().and_then(OneCpu::end).is_ok();
            succeeded.fetch_add(succeeds.into(), Ordering::AcqRel);
            done.store(1, Ordering::Release);
        };
        let timer = Timer::start(0, TIMER_NS, &interrupts[0])?;
        // The tasks go on until `done`.
        let start =
            |body| Thread::start(None, body).inspect_err(|_| done.store(1, Ordering::Release));
        drop((
            start(&tasks[0])?,
            start(&tasks[1])?,
            start(&tasks[2])?,
            Thread::start(None, &hotplug).inspect_err(|_| done.store(1, Ordering::Release))?,
        ));
        drop(timer);
        check_eq!(succeeded.into_inner(), HOTPLUGS + 1);
        this.check()
    }
}
