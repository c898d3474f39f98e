// SPDX-License-Identifier: GPL-2.0

//! Runs a workload: on each of its CPUs a thread that stays there, C, C again and ours in turns.
//!
//! Whatever the order does to one of the three, as the first finds other lists of the allocators
//! than the second, it does to each: all six orders come up.

use crate::{
    c,
    fixture::Fixture,
    ours::{maps, ranges::Pair},
    random::Random,
    results::{Batch, Measurement, Observed, Side},
    threads::{Barrier, Threads},
    ticks,
    workloads::{Sides, Workload},
};
use core::sync::atomic::{AtomicU32, Ordering};
use kernel::{alloc::KVVec, new_mutex, prelude::*, sync::Mutex};

/// The orders of a round.
const ORDERS: [[Side; 3]; 6] = {
    use Side::{CRepeat, Ours, C};
    [
        [C, Ours, CRepeat],
        [CRepeat, C, Ours],
        [Ours, CRepeat, C],
        [CRepeat, Ours, C],
        [C, CRepeat, Ours],
        [Ours, C, CRepeat],
    ]
};

/// Orders by chance, the same ones each time and in each thread: one order after another, over and
/// over, would leave to each of the three its own places in the lists of the allocators.
struct Orders(Random);

impl Orders {
    fn new() -> Self {
        Self(Random::new(3))
    }

    fn next(&mut self) -> [Side; 3] {
        let [first, ..] = ORDERS;
        // CAST: less than 6.
        let order = (self.0.next() % 6) as usize;
        ORDERS.get(order).copied().unwrap_or(first)
    }
}

/// Rounds before those that count, at least.
const WARM_UP: u32 = 6;
/// How long the batches of a workload take together, unless there are very few or many of them.
const BUDGET_MS: u64 = 20;
const MOST: u64 = 200;
/// Enough for the median not to be one of two values by chance.
const LEAST: u64 = 12;

/// What the threads of a workload share.
struct Shared<'a> {
    fixture: &'a Fixture<'a>,
    workload: &'static Workload,
    empty: [Pair; 2],
    batches: AtomicU32,
    barrier: Barrier,
    progress: &'a AtomicU32,
    logs: Pin<KBox<Mutex<KVec<Log>>>>,
}

/// What a thread has seen.
struct Log {
    batches: [KVVec<Batch>; 3],
    observed: Observed,
}

/// Runs `workload` on `cpus`, with `batches` of each side or as many as there is time for.
///
/// `progress` is how much of it is done, in thousandths.
///
/// # Errors
///
/// `EINTR` where a signal comes; those of either side.
pub(crate) fn run(
    fixture: &Fixture<'_>,
    workload: &'static Workload,
    cpus: &[u32],
    batches: Option<u32>,
    progress: &AtomicU32,
) -> Result<Measurement> {
    let shared = Shared {
        fixture,
        workload,
        empty: empty(fixture, workload)?,
        batches: AtomicU32::new(batches.unwrap_or(0)),
        barrier: Barrier::new(u32::try_from(cpus.len())?),
        progress,
        logs: KBox::pin_init(new_mutex!(KVec::new()), GFP_KERNEL)?,
    };
    let body = |who: usize| {
        match shared.thread(who) {
            Ok(log) => {
                if shared.logs.lock().push(log, GFP_KERNEL).is_err() {
                    shared.barrier.fail(ENOMEM);
                }
            }
            // The others must not wait for this one.
            Err(err) => shared.barrier.fail(err),
        }
    };
    Threads::run(cpus, &body, &shared.barrier)?;
    shared.barrier.check()?;
    let mut logs = shared.logs.lock();
    merge(&mut logs, workload.rounds(fixture.bytes), shared.empty)
}

/// The least ticks of an empty batch, in C and in ours.
fn empty(fixture: &Fixture<'_>, workload: &Workload) -> Result<[Pair; 2]> {
    let mut least = [(u64::MAX, u64::MAX); 2];
    for _ in 0..32 {
        let now = match workload.sides {
            Sides::Pair { empty: None, .. } => {
                let irqs_off = IrqsOff::new(true);
                let now = [fixture.run_c_pair(c::iomrs_b_nothing)?, ticks::nothing()];
                drop(irqs_off);
                now
            }
            // What may sleep.
            Sides::Pair {
                empty: Some(empty), ..
            } => [fixture.run_c_pair(empty)?; 2],
            Sides::Loop { .. } => {
                let irqs_off = IrqsOff::new(true);
                let c = fixture.run_c_loop(c::iomrs_b_empty, &mut [])?;
                let ours = maps::empty(fixture, &mut [])?;
                drop(irqs_off);
                [(c, 0), (ours, 0)]
            }
        };
        for (least, now) in least.iter_mut().zip(now) {
            *least = (least.0.min(now.0), least.1.min(now.1));
        }
    }
    Ok(least)
}

/// Interrupts off, where asked for.
struct IrqsOff(Option<usize>);

impl IrqsOff {
    fn new(wanted: bool) -> Self {
        if !wanted {
            return Self(None);
        }
        Self(Some(c::iomrs_b_irq_save()))
    }
}

impl Drop for IrqsOff {
    fn drop(&mut self) {
        if let Some(flags) = self.0 {
            // SAFETY: Saved by `new`, on this CPU, and what is between the two does not sleep.
            unsafe { c::iomrs_b_irq_restore(flags) };
        }
    }
}

impl Shared<'_> {
    /// What each thread does.
    fn thread(&self, who: usize) -> Result<Log> {
        let mut data = KVVec::from_elem(0, self.fixture.pattern.len(), GFP_KERNEL)?;
        let spent = self.warm_up(&mut data)?;
        if who == 0 && self.batches.load(Ordering::Relaxed) == 0 {
            let budget = BUDGET_MS * u64::from(c::iomrs_b_tsc_khz());
            let batches = (budget / spent.max(1)).clamp(LEAST, MOST);
            self.batches.store(batches as u32, Ordering::Relaxed);
        }
        self.barrier.wait()?;
        let batches = self.batches.load(Ordering::Relaxed) as usize;
        let with_room = || KVVec::with_capacity(batches, GFP_KERNEL);
        let mut all = [with_room()?, with_room()?, with_room()?];
        let cpu = c::iomrs_b_cpu();
        let mut observed = Observed {
            cpu,
            ..Observed::default()
        };
        let (interrupts, switches) = (c::iomrs_b_interrupts(), c::iomrs_b_switches());
        let steal = c::iomrs_b_steal_ns(cpu);
        let start = ticks::ticks();
        let mut orders = Orders::new();
        for round in 0..batches {
            for side in orders.next() {
                let batch = self.batch(side, &mut data)?;
                observed.migrated |= c::iomrs_b_cpu() != cpu;
                if let Some(batches) = all.get_mut(side as usize) {
                    batches.push(batch, GFP_KERNEL)?;
                }
            }
            if who == 0 {
                let done = round * 1000 / batches;
                self.progress.store(done as u32, Ordering::Relaxed);
            }
        }
        observed.elapsed = ticks::ticks().wrapping_sub(start);
        observed.interrupts = c::iomrs_b_interrupts().wrapping_sub(interrupts);
        observed.switches = c::iomrs_b_switches().wrapping_sub(switches);
        observed.steal_ns = c::iomrs_b_steal_ns(cpu).wrapping_sub(steal);
        Ok(Log {
            batches: all,
            observed,
        })
    }

    /// The ticks of a round, warm.
    fn warm_up(&self, data: &mut [u8]) -> Result<u64> {
        let mut spent = 0;
        let mut orders = Orders::new();
        for _ in 0..WARM_UP {
            spent = 0;
            for side in orders.next() {
                let batch = self.batch(side, data)?;
                spent += batch.map + batch.unmap;
            }
            // Enough of what takes long.
            if spent > BUDGET_MS * u64::from(c::iomrs_b_tsc_khz()) {
                break;
            }
        }
        Ok(spent)
    }

    /// One batch of a side.
    fn batch(&self, side: Side, data: &mut [u8]) -> Result<Batch> {
        let is_loop = matches!(self.workload.sides, Sides::Loop { .. });
        if !is_loop {
            // Page tables stay when what they map goes. Where one side has large pages and the
            // other one small ones, each would take away what the other has left: a batch that does
            // not count comes first, so that each finds what it has left itself.
            c::iomrs_b_settle();
            self.side(side, data)?;
        }
        if !self.workload.irqs_off {
            // What the last one has left for others to do is not a part of this one.
            c::iomrs_b_settle();
        }
        self.barrier.wait()?;
        let seen = (c::iomrs_b_interrupts(), c::iomrs_b_switches());
        let irqs_off = IrqsOff::new(self.workload.irqs_off);
        let [empty_c, empty_ours] = self.empty;
        let ticks = self.side(side, data);
        let empty = match side {
            Side::Ours => empty_ours,
            Side::C | Side::CRepeat => empty_c,
        };
        drop(irqs_off);
        let disturbed = seen != (c::iomrs_b_interrupts(), c::iomrs_b_switches());
        let (map, unmap) = ticks?;
        Ok(Batch {
            map: map.saturating_sub(empty.0),
            unmap: unmap.saturating_sub(empty.1),
            // What came while interrupts were off has not disturbed.
            disturbed: disturbed && !self.workload.irqs_off,
        })
    }

    fn side(&self, side: Side, data: &mut [u8]) -> Result<Pair> {
        match side {
            Side::Ours => self.ours(data),
            Side::C | Side::CRepeat => self.c(data),
        }
    }

    #[inline(never)]
    fn ours(&self, data: &mut [u8]) -> Result<Pair> {
        match self.workload.sides {
            Sides::Pair { ours, .. } => ours(self.fixture),
            Sides::Loop { ours, .. } => Ok((ours(self.fixture, data)?, 0)),
        }
    }

    #[inline(never)]
    fn c(&self, data: &mut [u8]) -> Result<Pair> {
        match self.workload.sides {
            Sides::Pair { c, .. } => self.fixture.run_c_pair(c),
            Sides::Loop { c, .. } => Ok((self.fixture.run_c_loop(c, data)?, 0)),
        }
    }
}

/// All logs in one: of each batch the one that took longest.
fn merge(logs: &mut KVec<Log>, rounds: usize, empty: [Pair; 2]) -> Result<Measurement> {
    let Log {
        mut batches,
        mut observed,
    } = logs.pop().ok_or(EINVAL)?;
    while let Some(log) = logs.pop() {
        for (all, more) in batches.iter_mut().zip(&log.batches) {
            for (batch, other) in all.iter_mut().zip(more.iter()) {
                if other.map + other.unmap > batch.map + batch.unmap {
                    (batch.map, batch.unmap) = (other.map, other.unmap);
                }
                batch.disturbed |= other.disturbed;
            }
        }
        observed.migrated |= log.observed.migrated;
        observed.interrupts += log.observed.interrupts;
        observed.switches += log.observed.switches;
        observed.steal_ns += log.observed.steal_ns;
        observed.elapsed = observed.elapsed.max(log.observed.elapsed);
        observed.cpu = observed.cpu.max(log.observed.cpu);
    }
    Ok(Measurement {
        batches,
        rounds,
        empty,
        observed,
    })
}
