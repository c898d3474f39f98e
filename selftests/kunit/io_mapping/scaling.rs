// SPDX-License-Identifier: GPL-2.0

//! Two CPUs that map pages do twice as much as one, as they share nothing that is written.
//!
//! How much two CPUs of a guest can do depends on the host, which may be busy. So arithmetic is
//! measured before and after the maps. The maps are compared with it, and only where it scales.

use crate::{
    c,
    support::{
        contexts::{two_cpus, Thread},
        mappings::sparse_aperture,
        outcome::*,
        ranges::*,
    },
};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use io_mapping_rs::IoMapping;
use kernel::prelude::*;

/// The host counts as idle where two CPUs do this many thousandths of what one does in arithmetic.
const MIN_OF_ARITHMETIC: u64 = 1800;
/// How many thousandths of the ratio for arithmetic the ratio for maps must be.
const MIN_OF_MAPS: u64 = 900;
/// How often it is tried, and how often it may fail while the host is idle.
const ROUNDS: u32 = 24;
const MAX_FAILURES: u32 = 6;

/// Runs `work` on each of `cpus` CPUs at once. Returns the nanoseconds that the slowest takes. `work`
/// gets its CPU, and returns whether it succeeded.
fn time(cpus: u32, work: &(impl Fn(u32) -> bool + Sync)) -> Outcome<u64> {
    let (arrived, failed) = (AtomicU32::new(0), AtomicU32::new(0));
    let longest = AtomicU64::new(0);
    let body = |cpu: u32| {
        arrived.fetch_add(1, Ordering::AcqRel);
        while arrived.load(Ordering::Acquire) < cpus {
            core::hint::spin_loop();
        }
        let start = c::iomrs_c_ktime_get_ns();
        let succeeded = work(cpu);
        longest.fetch_max(c::iomrs_c_ktime_get_ns() - start, Ordering::AcqRel);
        failed.fetch_add((!succeeded).into(), Ordering::Relaxed);
    };
    let (zero, one) = (|| body(0), || body(1));
    let first = Thread::start(Some(0), &zero)?;
    if cpus == 2 {
        drop(Thread::start(Some(1), &one)?);
    }
    drop(first);
    check_eq!(failed.into_inner(), 0);
    Ok(longest.into_inner())
}

/// Maps a page, writes to it and unmaps it, many times.
fn map_pages(aperture: &IoMapping, cpu: u32) -> bool {
    (0..20_000u64).all(|round| {
        let page = (round * 7 + u64::from(cpu)) % 512;
        let map = aperture.map_local(page * PAGE);
        map.is_ok_and(|map| map.try_write32(cpu, 4 * cpu as usize).is_ok())
    })
}

/// Computes without memory, many times.
fn compute(cpu: u32) -> bool {
    let mut sum = u64::from(cpu);
    for round in 0..4_000_000 {
        sum = core::hint::black_box(sum.wrapping_mul(3) ^ round);
    }
    sum != 0
}

/// Work of which the throughput of two CPUs is compared with that of one.
struct Scaling<F> {
    work: F,
    /// The shortest time that one CPU has taken.
    one_cpu: u64,
}

impl<F: Fn(u32) -> bool + Sync> Scaling<F> {
    fn new(work: F) -> Self {
        Self {
            work,
            one_cpu: u64::MAX,
        }
    }

    /// Returns the throughput of two CPUs now, in thousandths of the best of one.
    fn measure(&mut self) -> Outcome<u64> {
        self.one_cpu = self.one_cpu.min(time(1, &self.work)?);
        let two = time(2, &self.work)?;
        Ok(2000 * self.one_cpu / two.max(1))
    }
}

#[kunit_tests(iomrs_scaling)]
mod tests {
    use super::*;

    #[test]
    fn two_cpus_against_one() -> Outcome {
        require!(two_cpus());
        let aperture = check_ok!(sparse_aperture(
            require!(TestRange::reserved()).phys,
            PAGE_2M
        ));
        let mut maps = Scaling::new(|cpu| map_pages(&aperture, cpu));
        let mut arithmetic = Scaling::new(compute);
        // These find the best of one CPU.
        for _ in 0..3 {
            arithmetic.measure()?;
            maps.measure()?;
        }
        let (mut best, mut most_idle, mut failures) = (0, 0, 0);
        for _ in 0..ROUNDS {
            let before = arithmetic.measure()?;
            let ratio = maps.measure()?;
            let idle = before.min(arithmetic.measure()?);
            most_idle = most_idle.max(idle);
            if idle < MIN_OF_ARITHMETIC {
                continue;
            }
            best = best.max(ratio);
            if ratio * 1000 >= idle * MIN_OF_MAPS {
                note(fmt!(
                    "iomrs-timing: two CPUs against one, thousandths: maps {ratio}, arithmetic {idle}"
                ));
                return Ok(());
            }
            failures += 1;
            if failures == MAX_FAILURES {
                fail!("two CPUs do {best} thousandths of one's maps at best");
            }
        }
        note(fmt!(
            "two CPUs do {most_idle} thousandths of one's arithmetic at best"
        ));
        skip(c"host busy: two CPUs do less than 1.8 times the arithmetic of one")
    }
}
