// SPDX-License-Identifier: GPL-2.0

//! Two CPUs that take temporary maps, against one: there is nothing that they share.
//!
//! What two CPUs can do together is for the host to say, which may be busy. So plain arithmetic is
//! measured in the same way before and after, and only where that scales are maps judged, by it.

use crate::{
    c,
    io_mapping::sparse::sparse,
    support::{
        contexts::{two_cpus, Thread},
        outcome::*,
        ranges::*,
    },
};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use io_mapping_rs::IoMapping;
use kernel::{io::Io, prelude::*};

/// Throughput of two CPUs in thousandths of that of one, below which the host is called busy.
const QUIET: u64 = 1800;
/// The part of arithmetic's throughput that maps must have, in thousandths.
const PART: u64 = 900;
/// How often it is tried, and how often it may fail where the host was quiet.
const ROUNDS: u32 = 24;
const FAILURES: u32 = 6;

/// The nanoseconds that the slowest of `cpus` threads takes for `work`, which is told its CPU and
/// says whether it went well.
fn time(cpus: u32, work: &(impl Fn(u32) -> bool + Sync)) -> Outcome<u64> {
    let (there, failed) = (AtomicU32::new(0), AtomicU32::new(0));
    let longest = AtomicU64::new(0);
    let body = |cpu: u32| {
        there.fetch_add(1, Ordering::AcqRel);
        while there.load(Ordering::Acquire) < cpus {
            core::hint::spin_loop();
        }
        let start = c::iomrs_c_ktime_get_ns();
        let well = work(cpu);
        longest.fetch_max(c::iomrs_c_ktime_get_ns() - start, Ordering::AcqRel);
        failed.fetch_add((!well).into(), Ordering::Relaxed);
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

/// Maps a page, writes to it and unmaps it, again and again.
fn maps(aperture: &IoMapping, cpu: u32) -> bool {
    (0..20_000u64).all(|round| {
        let page = (round * 7 + u64::from(cpu)) % 512;
        let map = aperture.map_local(page * PAGE);
        map.is_ok_and(|map| map.try_write32(cpu, 4 * cpu as usize).is_ok())
    })
}

/// Works with registers alone.
fn arithmetic(cpu: u32) -> bool {
    let mut sum = u64::from(cpu);
    for round in 0..4_000_000 {
        sum = core::hint::black_box(sum.wrapping_mul(3) ^ round);
    }
    sum != 0
}

/// How something scales.
struct Scaling<F> {
    work: F,
    /// The least that one CPU has ever taken.
    one: u64,
}

impl<F: Fn(u32) -> bool + Sync> Scaling<F> {
    fn new(work: F) -> Self {
        Self {
            work,
            one: u64::MAX,
        }
    }

    /// Throughput of two CPUs now, in thousandths of that of one at its best.
    fn measure(&mut self) -> Outcome<u64> {
        self.one = self.one.min(time(1, &self.work)?);
        let two = time(2, &self.work)?;
        Ok(2000 * self.one / two.max(1))
    }
}

#[kunit_tests(iomrs_scaling)]
mod tests {
    use super::*;

    #[test]
    fn two_cpus_against_one() -> Outcome {
        require!(two_cpus());
        let aperture = check_ok!(sparse(require!(Range::reserved()).phys, PAGE_2M));
        let mut maps = Scaling::new(|cpu| maps(&aperture, cpu));
        let mut control = Scaling::new(arithmetic);
        // What one CPU can do is to be known first.
        for _ in 0..3 {
            control.measure()?;
            maps.measure()?;
        }
        let (mut best, mut quietest, mut failures) = (0, 0, 0);
        for _ in 0..ROUNDS {
            let before = control.measure()?;
            let ratio = maps.measure()?;
            let quiet = before.min(control.measure()?);
            quietest = quietest.max(quiet);
            if quiet < QUIET {
                continue;
            }
            best = best.max(ratio);
            if ratio * 1000 >= quiet * PART {
                note(fmt!(
                    "iomrs-timing: two CPUs against one, thousandths: maps {ratio}, arithmetic {quiet}"
                ));
                return Ok(());
            }
            failures += 1;
            if failures == FAILURES {
                fail!("two CPUs do {best} thousandths of one's maps at best");
            }
        }
        note(fmt!(
            "two CPUs do {quietest} thousandths of one's arithmetic at best"
        ));
        skip(c"host busy: two CPUs do less than 1.8 of what one does in plain arithmetic")
    }
}
