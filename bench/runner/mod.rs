// SPDX-License-Identifier: GPL-2.0

//! Runs a workload: a thread on each of its CPUs, in which C, C once more, ours and, where it has the
//! like, the kernel crate take turns.

use crate::harness::{
    c,
    division::divide,
    fixture::Fixture,
    ours::maps,
    results::{Batch, Batches, EmptyBatches, Measurement, Observed, Observer, Side},
    timing::{self, Ticks},
    workloads::{Sides, Workload},
};
use barrier::Barrier;
use core::sync::atomic::{AtomicU32, Ordering};
use irqs_off::IrqsOff;
use kernel::{alloc::KVVec, new_mutex, prelude::*, sync::Mutex};
use threads::Threads;
use turns::Turns;

mod barrier;
mod irqs_off;
mod threads;
mod turns;

/// Rounds before the ones that count, unless they take longer than [`BUDGET_MS`].
const WARM_UP_ROUNDS: u32 = 6;
/// How long all batches of a workload take, within these limits to their number.
const BUDGET_MS: u64 = 20;
/// Enough for the median not to be one of two values by chance.
const MIN_BATCHES: u64 = 12;
const MAX_BATCHES: u64 = 200;
/// How often a batch is run again that was disturbed.
const REPEATS: u32 = 3;
/// Empty batches, of which the shortest counts.
const EMPTY_BATCHES: u32 = 32;

/// What the threads of a workload share.
struct Runner<'a> {
    fixture: &'a Fixture<'a>,
    workload: &'static Workload,
    empty: EmptyBatches,
    /// Batches of each side, or as many as the budget allows.
    batches: Option<u32>,
    barrier: Barrier,
    progress: &'a AtomicU32,
    logs: Pin<KBox<Mutex<KVec<Log>>>>,
}

/// What a thread measured.
struct Log {
    batches: Batches,
    observed: Observed,
}

/// Runs `workload`, whose fixture `fixture` is, on `cpus`, with `batches` of each side or as many as
/// the budget allows. `progress` tells how much of it is done, in thousandths.
///
/// # Errors
///
/// `EINTR` where a signal arrives, `ENODEV` where the device is being removed, and those of both sides.
pub(crate) fn run(
    fixture: &Fixture<'_>,
    workload: &'static Workload,
    cpus: &[u32],
    batches: Option<u32>,
    progress: &AtomicU32,
) -> Result<Measurement> {
    let runner = Runner {
        fixture,
        workload,
        empty: empty(fixture, workload)?,
        batches,
        barrier: Barrier::new(u32::try_from(cpus.len())?, c::iomrs_b_relax),
        progress,
        logs: KBox::pin_init(new_mutex!(KVec::new()), GFP_KERNEL)?,
    };
    let body = |index: usize| {
        match runner.thread(index) {
            Ok(log) => {
                if runner.logs.lock().push(log, GFP_KERNEL).is_err() {
                    runner.barrier.fail(ENOMEM.to_errno());
                }
            }
            // The others must not wait for this one.
            Err(err) => runner.barrier.fail(err.to_errno()),
        }
    };
    Threads::run(cpus, &body, &runner.barrier)?;
    runner.barrier.check()?;
    let mut logs = runner.logs.lock();
    let Log {
        mut batches,
        mut observed,
    } = logs.pop().ok_or(EINVAL)?;
    while let Some(log) = logs.pop() {
        batches.merge(&log.batches);
        observed.merge(&log.observed);
    }
    Ok(Measurement {
        batches,
        rounds: fixture.offsets.len(),
        empty: runner.empty,
        observed,
    })
}

/// Returns the shortest of some empty batches.
fn empty(fixture: &Fixture<'_>, workload: &Workload) -> Result<EmptyBatches> {
    let mut least = EmptyBatches::LONGEST;
    for _ in 0..EMPTY_BATCHES {
        least.keep_shorter(empty_once(fixture, workload)?);
    }
    Ok(least)
}

fn empty_once(fixture: &Fixture<'_>, workload: &Workload) -> Result<EmptyBatches> {
    if let Some(overhead) = workload.c_overhead {
        // It may sleep, so that interrupts stay on.
        // SAFETY: By the invariant of the workload the calls are for the target of its fixture.
        let ticks = unsafe { fixture.run_c_calls(overhead)? };
        return Ok(EmptyBatches {
            c: ticks,
            rust: ticks,
        });
    }
    let _irqs_off = IrqsOff::new(true);
    Ok(match workload.sides {
        Sides::Calls(..) => EmptyBatches {
            // SAFETY: It only reads the clock.
            c: unsafe { fixture.run_c_calls(c::iomrs_b_nothing)? },
            rust: timing::nothing(),
        },
        Sides::Loop(..) => EmptyBatches {
            // SAFETY: It only reads the offsets.
            c: Ticks::of_loop(unsafe { fixture.run_c_loop(c::iomrs_b_empty, &mut [])? }),
            rust: Ticks::of_loop(maps::empty(fixture, &mut [])?),
        },
    })
}

impl Runner<'_> {
    /// What each thread does. `index` is 0 for the first one.
    fn thread(&self, index: usize) -> Result<Log> {
        let mut data = KVVec::from_elem(0, self.fixture.pattern.len(), GFP_KERNEL)?;
        let round_ticks = self.warm_up(index, &mut data)?;
        let count = self.barrier.agree(index, self.count_batches(round_ticks))? as usize;
        let mut batches = Batches::with_capacity(count)?;
        let mut observer = Observer::begin();
        let mut turns = Turns::new(self.workload.kernel_crate.is_some());
        for round in 0..count {
            for side in turns.next() {
                let batch = self.batch(side, &mut data)?;
                observer.check_cpu();
                batches.push(side, batch)?;
            }
            if index == 0 {
                // CAST: It is less than 1000.
                let done = (round * 1000 / count) as u32;
                self.progress.store(done, Ordering::Relaxed);
            }
        }
        Ok(Log {
            batches,
            observed: observer.end(),
        })
    }

    /// Runs some rounds, as many in each thread, and returns the ticks of the last one.
    fn warm_up(&self, index: usize, data: &mut [u8]) -> Result<u64> {
        let mut spent = 0;
        let mut turns = Turns::new(self.workload.kernel_crate.is_some());
        for _ in 0..WARM_UP_ROUNDS {
            spent = 0;
            for side in turns.next() {
                spent += self.batch(side, data)?.ticks.all();
            }
            let enough = self.barrier.agree(index, u32::from(spent > budget()))?;
            if enough != 0 {
                break;
            }
        }
        Ok(spent)
    }

    /// Returns the number of batches, from the ticks of a round unless it is given.
    fn count_batches(&self, round_ticks: u64) -> u32 {
        self.batches.unwrap_or_else(|| {
            let (batches, _) = divide(budget(), round_ticks.max(1));
            // CAST: It is no more than `MAX_BATCHES`.
            batches.clamp(MIN_BATCHES, MAX_BATCHES) as u32
        })
    }

    /// Runs a batch of a side, again if something disturbed it that weighs in a batch of that length.
    ///
    /// The clock's interrupts come at even times, and so may the batches of a side: then each of them is
    /// disturbed, where the next one would not be.
    fn batch(&self, side: Side, data: &mut [u8]) -> Result<Batch> {
        let mut batch = self.batch_once(side, data)?;
        for _ in 0..REPEATS {
            let is_short = batch.ticks.all() < u64::from(c::iomrs_b_khz()) / 4;
            // Several threads begin a batch together.
            if !batch.disturbed || !is_short || self.barrier.count() != 1 {
                break;
            }
            batch = self.batch_once(side, data)?;
        }
        Ok(batch)
    }

    fn batch_once(&self, side: Side, data: &mut [u8]) -> Result<Batch> {
        self.fixture.check_claim()?;
        if matches!(self.workload.sides, Sides::Calls(..)) {
            // Unmapping leaves empty page tables behind. C, which maps large pages, replaces those
            // that our small pages left, and the next batch of ours has to make them again. The
            // costs of this fall into a batch of the same side that does not count.
            c::iomrs_b_settle();
            self.side(side, data)?;
        }
        if !self.workload.irqs_off {
            // Deferred work of the last batch must not run in this one.
            c::iomrs_b_settle();
        }
        self.barrier.wait()?;
        let before = (c::iomrs_b_interrupts(), c::iomrs_b_switches());
        let irqs_off = IrqsOff::new(self.workload.irqs_off);
        let ticks = self.side(side, data);
        drop(irqs_off);
        let disturbed = before != (c::iomrs_b_interrupts(), c::iomrs_b_switches());
        Ok(Batch {
            ticks: ticks?.saturating_sub(self.empty.of(side)),
            // What comes as soon as interrupts are on again has not disturbed the batch.
            disturbed: disturbed && !self.workload.irqs_off,
        })
    }

    fn side(&self, side: Side, data: &mut [u8]) -> Result<Ticks> {
        match side {
            Side::Ours => self.ours(data),
            Side::KernelCrate => self.kernel_crate(data),
            Side::C | Side::CRepeat => self.c(data),
        }
    }

    #[inline(never)]
    fn ours(&self, data: &mut [u8]) -> Result<Ticks> {
        self.workload.ours().run(self.fixture, data)
    }

    #[inline(never)]
    fn kernel_crate(&self, data: &mut [u8]) -> Result<Ticks> {
        let side = self.workload.kernel_crate.ok_or(EINVAL)?;
        side.run(self.fixture, data)
    }

    #[inline(never)]
    fn c(&self, data: &mut [u8]) -> Result<Ticks> {
        match self.workload.sides {
            // SAFETY: By the invariant of the workload the calls are for the target of its fixture.
            Sides::Calls(c, _) => unsafe { self.fixture.run_c_calls(c) },
            Sides::Loop(c, _) => {
                // SAFETY: By the invariant of the workload the loop is for the target of its fixture.
                // `data` has as many bytes as the pattern: `thread` made it.
                Ok(Ticks::of_loop(unsafe { self.fixture.run_c_loop(c, data)? }))
            }
        }
    }
}

/// Returns the ticks of [`BUDGET_MS`].
fn budget() -> u64 {
    BUDGET_MS * u64::from(c::iomrs_b_khz())
}
