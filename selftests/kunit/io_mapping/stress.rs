// SPDX-License-Identifier: GPL-2.0

//! Tasks and interrupts that map the same sparse aperture at the same time, on all CPUs: each has
//! pages of its own, and what it reads back must be what it wrote last.

use crate::{
    c,
    random::Random,
    support::{
        contexts::{two_cpus, Thread, Tick},
        outcome::*,
        ranges::*,
    },
};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use io_mapping_rs::{
    io_mapping::{LocalMap, Map},
    ioremap::Options,
    window::exhausted,
    CacheMode, IoMapping, Strategy,
};
use kernel::{io::Io, prelude::*};

/// Rounds of all tasks together.
const ROUNDS: u32 = 100_000;
/// In between all chunks are trimmed.
const PHASES: u32 = 10;
/// Guards that a task holds at once.
const DEPTH: usize = 8;
const TASKS: usize = 4;
/// Of each owner.
const PAGES: usize = 256;
/// Tasks and timers, and one that nobody is. Pages next to each other have different owners.
const OWNERS: u64 = 8;
const SIZE: u64 = OWNERS * PAGES as u64 * PAGE;
/// Between two interrupts of the timer.
const TICK_NS: u64 = 400_000;

/// A number whose every bit depends on `seed`.
fn mix(seed: u64) -> u64 {
    Random::new(seed).next()
}

/// What has happened, to whomever.
#[derive(Default)]
struct Counts {
    wrong_bytes: AtomicU64,
    temporary: AtomicU64,
    lasting: AtomicU64,
    atomic: AtomicU64,
    /// Maps refused because slots had run out.
    refused: AtomicU64,
    /// Maps refused for another reason.
    failed: AtomicU64,
    /// Rounds after which migration was off.
    pinned: AtomicU64,
    interrupts: AtomicU64,
}

fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// A task or a timer. Nobody else touches its pages, nor this.
struct Owner {
    id: u64,
    /// The round in which each page was written last.
    written: [AtomicU32; PAGES],
    random: AtomicU64,
}

impl Owner {
    fn new(id: u64) -> Self {
        Self {
            id,
            written: [const { AtomicU32::new(0) }; PAGES],
            random: AtomicU64::new(id + 1),
        }
    }

    /// Any number below `below`.
    fn random(&self, below: u64) -> u64 {
        let next = mix(self.random.load(Ordering::Relaxed));
        self.random.store(next, Ordering::Relaxed);
        next % below
    }

    fn page(&self) -> usize {
        self.random(PAGES as u64) as usize
    }

    fn offset(&self, page: usize) -> u64 {
        (page as u64 * OWNERS + self.id) * PAGE
    }

    /// The words of a page that are looked at, where they are, and what they are after `round`.
    fn words(&self, page: usize, round: u32) -> impl Iterator<Item = (usize, u64)> + use<> {
        let seed = self.id << 56 | (page as u64) << 40 | u64::from(round) << 4;
        (0..8).map(move |word| {
            let value = if round == 0 { 0 } else { mix(seed | word) };
            (word as usize * 520, value)
        })
    }

    /// How many bytes of the page at `addr` are not what was written last.
    fn wrong_bytes(&self, addr: usize, page: usize) -> u64 {
        let round = self.written[page].load(Ordering::Relaxed);
        let wrong = |(at, value): (usize, u64)| {
            // SAFETY: Callers hold a map of the page at `addr`; the word is in it.
            let read = unsafe { ((addr + at) as *const u64).read_volatile() };
            (read ^ value)
                .to_le_bytes()
                .iter()
                .filter(|&&byte| byte != 0)
                .count() as u64
        };
        self.words(page, round).map(wrong).sum()
    }

    /// Compares the page at `addr` with what was written last, and writes it anew.
    fn turn_over(&self, addr: usize, page: usize, round: u32, counts: &Counts) {
        count(&counts.wrong_bytes, self.wrong_bytes(addr, page));
        for (at, value) in self.words(page, round) {
            // SAFETY: As above.
            unsafe { ((addr + at) as *mut u64).write_volatile(value) };
        }
        self.written[page].store(round, Ordering::Relaxed);
    }
}

/// A map that a task holds, of whichever kind.
enum Held<'a> {
    Local(LocalMap<'a>),
    /// And how far into it the page is.
    Lasting(Map<'a>, usize),
}

impl Held<'_> {
    fn addr(&self) -> usize {
        match self {
            Self::Local(map) => map.addr(),
            Self::Lasting(map, at) => map.addr() + at,
        }
    }
}

/// All that takes part.
struct Stress {
    aperture: IoMapping,
    tasks: [Owner; TASKS],
    timers: [Owner; 2],
    counts: Counts,
    /// Lasting maps, which may make chunks, are had below this offset.
    lasting_below: u64,
    round: AtomicU32,
}

impl Stress {
    fn new(range: Range) -> Outcome<Self> {
        let options = Options::new(CacheMode::WriteCombining);
        // SAFETY: The range is that of the tests.
        let ours = unsafe { IoMapping::with_strategy(range.phys, SIZE, options, Strategy::Sparse) };
        let aperture = check_ok!(ours);
        for offset in (0..SIZE).step_by(PAGE as usize) {
            let page = check_ok!(aperture.map_local(offset));
            for at in (0..PAGE as usize).step_by(8) {
                check_ok!(page.try_write64(0, at));
            }
        }
        // Where all chunks are to be had, only the half of them are.
        let budget = crate::module_parameters::chunk_budget.value();
        let part = if budget.saturating_mul(1 << 20) < SIZE {
            1
        } else {
            2
        };
        Ok(Self {
            aperture,
            tasks: [0, 1, 2, 3].map(Owner::new),
            timers: [4, 5].map(Owner::new),
            counts: Counts::default(),
            lasting_below: SIZE / part,
            round: AtomicU32::new(0),
        })
    }

    /// What is left of an error.
    fn refused(&self, err: Error) {
        let counts = &self.counts;
        let counter = if err == EAGAIN {
            &counts.refused
        } else {
            &counts.failed
        };
        count(counter, 1);
    }

    /// Maps `page` of `owner`, in one way or another.
    fn map(&self, owner: &Owner, page: usize) -> Option<Held<'_>> {
        let offset = owner.offset(page);
        let map = if offset < self.lasting_below && owner.random(16) == 0 {
            // A few pages around it, perhaps over the edge of a chunk.
            let before = (owner.random(16) * PAGE).min(offset);
            let after = ((owner.random(16) + 1) * PAGE).min(SIZE - offset);
            let map = self.aperture.map(offset - before, before + after);
            count(&self.counts.lasting, 1);
            map.map(|map| Held::Lasting(map, before as usize))
        } else {
            count(&self.counts.temporary, 1);
            self.aperture.map_local(offset).map(Held::Local)
        };
        map.inspect_err(|&err| self.refused(err)).ok()
    }

    /// A page more, in an atomic map.
    fn atomically(&self, owner: &Owner, round: u32) {
        let page = owner.page();
        match self.aperture.map_atomic(owner.offset(page)) {
            Ok(map) => owner.turn_over(map.addr(), page, round, &self.counts),
            Err(err) => self.refused(err),
        }
        count(&self.counts.atomic, 1);
    }

    /// Holds up to [`DEPTH`] maps, and gives them back in any order.
    fn round(&self, owner: &Owner, depth: u64, may_sleep: bool) {
        let round = self.round.fetch_add(1, Ordering::Relaxed) + 1;
        let mut held = [const { None }; DEPTH];
        for place in held.iter_mut().take(depth as usize) {
            let page = owner.page();
            let Some(map) = self.map(owner, page) else {
                break;
            };
            owner.turn_over(map.addr(), page, round, &self.counts);
            *place = Some((page, map));
        }
        if owner.random(4) == 0 {
            self.atomically(owner, round);
        }
        match owner.random(256) {
            0 if may_sleep => c::iomrs_c_msleep(1),
            1..16 if may_sleep => c::iomrs_c_schedule(),
            _ => (),
        }
        loop {
            let live = held.iter().filter(|place| place.is_some()).count() as u64;
            if live == 0 {
                break;
            }
            let which = owner.random(live) as usize;
            let place = held.iter_mut().filter(|place| place.is_some()).nth(which);
            if let Some((page, map)) = place.and_then(Option::take) {
                let wrong = owner.wrong_bytes(map.addr(), page);
                count(&self.counts.wrong_bytes, wrong);
            }
        }
    }

    fn task(&self, owner: &Owner, rounds: u32) {
        for _ in 0..rounds {
            self.round(owner, owner.random(DEPTH as u64) + 1, true);
            // Holding nothing, it can be moved.
            count(&self.counts.pinned, c::iomrs_c_migration_disabled().into());
        }
    }

    /// What a timer does: temporary maps only, as it may not sleep.
    fn interrupt(&self, owner: &Owner) {
        count(&self.counts.interrupts, 1);
        let round = self.round.fetch_add(1, Ordering::Relaxed) + 1;
        let pages = [owner.page(), owner.page(), owner.page()];
        let [first, second, third] = pages.map(|page| {
            let map = self.aperture.map_local(owner.offset(page));
            match &map {
                Ok(map) => owner.turn_over(map.addr(), page, round, &self.counts),
                Err(err) => self.refused(*err),
            }
            (page, map)
        });
        self.atomically(owner, round);
        for (page, map) in [second, third, first] {
            let wrong = map.map_or(0, |map| owner.wrong_bytes(map.addr(), page));
            count(&self.counts.wrong_bytes, wrong);
        }
    }

    /// Fails the test unless every page is as it was left, seen by one map of them all.
    fn judge(&self) -> Outcome {
        let all = check_ok!(self.aperture.map(0, SIZE));
        let mut wrong = 0;
        for owner in Iterator::chain(self.tasks.iter(), &self.timers) {
            for page in 0..PAGES {
                let addr = all.addr() + owner.offset(page) as usize;
                wrong += owner.wrong_bytes(addr, page);
            }
        }
        let counts = &self.counts;
        note(fmt!(
            "temporary {}, lasting {}, atomic {}, of them refused {}, in interrupts {}; exhausted {}",
            counts.temporary.load(Ordering::Relaxed),
            counts.lasting.load(Ordering::Relaxed),
            counts.atomic.load(Ordering::Relaxed),
            counts.refused.load(Ordering::Relaxed),
            counts.interrupts.load(Ordering::Relaxed),
            exhausted(),
        ));
        check_eq!(wrong, 0);
        check_eq!(counts.wrong_bytes.load(Ordering::Relaxed), 0);
        check_eq!(counts.failed.load(Ordering::Relaxed), 0);
        check_eq!(counts.pinned.load(Ordering::Relaxed), 0);
        check!(counts.interrupts.load(Ordering::Relaxed) > 100);
        Ok(())
    }
}

#[kunit_tests(iomrs_stress)]
mod tests {
    use super::*;

    #[test]
    fn s11_tasks_and_interrupts_at_any_chunk_budget() -> Outcome {
        require!(two_cpus());
        let mut stress = check_ok!(KBox::new(
            Stress::new(require!(Range::reserved()))?,
            GFP_KERNEL
        ));
        for _ in 0..PHASES {
            let this = &*stress;
            let rounds = ROUNDS / PHASES / TASKS as u32;
            let [first, second, third, fourth] =
                [0, 1, 2, 3].map(|task: usize| move || this.task(&this.tasks[task], rounds));
            let ticks = [0, 1].map(|timer: usize| move || this.interrupt(&this.timers[timer]));
            let timers = (
                Tick::start(0, TICK_NS, &ticks[0])?,
                Tick::start(1, TICK_NS, &ticks[1])?,
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
        stress.judge()
    }

    #[test]
    fn s11_a_cpu_goes_offline_and_comes_back() -> Outcome {
        require!(two_cpus());
        let stress = check_ok!(KBox::new(
            Stress::new(require!(Range::reserved()))?,
            GFP_KERNEL
        ));
        let this = &*stress;
        let (done, times, stuck) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        let tasks = [0, 1, 2].map(|task: usize| {
            let done = &done;
            move || {
                while done.load(Ordering::Acquire) == 0 {
                    this.task(&this.tasks[task], 50);
                }
            }
        });
        let ticks = [0, 1].map(|timer: usize| move || this.interrupt(&this.timers[timer]));
        let hotplug = || {
            for _ in 0..10 {
                // Off line it goes on another CPU.
                let _tick = Tick::start(1, TICK_NS, &ticks[1]);
                c::iomrs_c_msleep(20);
                let off = c::iomrs_c_set_cpu_online(1, false);
                c::iomrs_c_msleep(20);
                let on = c::iomrs_c_set_cpu_online(1, true);
                times.fetch_add((off == 0 && on == 0).into(), Ordering::AcqRel);
                stuck.store((c::iomrs_c_num_online_cpus() < 2).into(), Ordering::Release);
            }
            done.store(1, Ordering::Release);
        };
        let tick = Tick::start(0, TICK_NS, &ticks[0])?;
        drop((
            Thread::start(None, &tasks[0])?,
            Thread::start(None, &tasks[1])?,
            Thread::start(None, &tasks[2])?,
            Thread::start(None, &hotplug)?,
        ));
        drop(tick);
        check_eq!((times.into_inner(), stuck.into_inner()), (10, 0));
        this.judge()
    }
}
