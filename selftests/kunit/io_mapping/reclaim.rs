// SPDX-License-Identifier: GPL-2.0

//! Where memory is short: what a shrinker may call, and who maps while the kernel calls it.

use crate::{
    c,
    support::{
        chunks::*, contexts::*, mappings::*, outcome::*, proc_files::*, ranges::*, reclaim::*,
        translation::phys_at,
    },
};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use io_mapping_rs::{ioremap::Options, IoMapping, Strategy};
use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex,
    time::{Delta, Instant, Monotonic},
};

/// The aperture of [`Cache`].
const SIZE: u64 = 4 * CHUNK;
/// How long a call may take where memory is short.
const LONGEST_MS: u32 = 20_000;

/// An aperture of which a shrinker gives up the chunks while nobody uses it.
struct Cache {
    aperture: Pin<KBox<Mutex<IoMapping>>>,
    phys: u64,
    trimmed: AtomicU32,
    busy: AtomicU32,
    /// Maps of the shrinker that showed another page, or failed.
    wrong: AtomicU32,
}

impl Cache {
    fn new(range: TestRange) -> Outcome<Self> {
        let aperture = check_ok!(sparse_aperture(range.phys, SIZE));
        Ok(Self {
            aperture: check_ok!(KBox::pin_init(new_mutex!(aperture), GFP_KERNEL)),
            phys: range.phys,
            trimmed: AtomicU32::new(0),
            busy: AtomicU32::new(0),
            wrong: AtomicU32::new(0),
        })
    }

    /// What the shrinker does.
    fn shrink(&self) -> bool {
        let Some(mut aperture) = self.aperture.try_lock() else {
            self.busy.fetch_add(1, Ordering::Relaxed);
            return false;
        };
        for offset in [0, CHUNK + PAGE] {
            let local = aperture.map_local(offset).map(|map| phys_at(map.addr()));
            let atomic = aperture.map_atomic(offset, |map| phys_at(map.addr()));
            let phys = Ok(Some(self.phys + offset));
            if local != phys || atomic != phys {
                self.wrong.fetch_add(1, Ordering::Relaxed);
            }
        }
        aperture.trim();
        // Still under the lock, so that who has loaded it there knows whether a chunk that was made before is given up.
        self.trimmed.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Takes memory until the shrinker is called: by a task that needs some, or by the one that keeps some free. It may
    /// find that another task has called it and is not at its end.
    fn use_up_memory(&self) {
        let trimmed = self.trimmed.load(Ordering::Relaxed);
        use_up_memory(&|| self.trimmed.load(Ordering::Relaxed) > trimmed);
    }

    /// Makes chunks, and calls `reclaim`, after which none may be left.
    fn check_given_up(&self, reclaim: impl FnOnce() -> Outcome, before: &KernelState) -> Outcome {
        let aperture = self.aperture.lock();
        let first = check_ok!(aperture.map(0, PAGE)).addr();
        check_ok!(aperture.map(CHUNK, CHUNK));
        check_eq!(new_areas(before)?, 2);
        check_eq!(phys_at(first), Some(self.phys));
        let trimmed = self.trimmed.load(Ordering::Relaxed);
        drop(aperture);
        reclaim()?;
        // Another task's call may be what does it, and may not be at its end.
        for _ in 0..1000 {
            if self.trimmed.load(Ordering::Relaxed) > trimmed {
                break;
            }
            c::iomrs_c_msleep(1);
        }
        check!(self.trimmed.load(Ordering::Relaxed) > trimmed);
        // So that no shrinker maps a page meanwhile, by a slot.
        let _aperture = self.aperture.lock();
        check_eq!(new_areas(before)?, 0);
        check_eq!(self.wrong.load(Ordering::Relaxed), 0);
        Ok(())
    }
}

/// Has the kernel call all shrinkers.
fn all_shrinkers() -> Outcome {
    match drop_slab() {
        Ok(()) => Ok(()),
        Err(err) => fail!("/proc/sys/vm/drop_caches: {err:?}"),
    }
}

/// A task that maps while memory is short.
#[derive(Default)]
struct Worker {
    rounds: AtomicU32,
    failed: AtomicU32,
    longest_ms: AtomicU32,
}

impl Worker {
    /// Maps in every way, until `stop`. A map may fail where memory is short, or all slots are in use.
    fn work(&self, cache: &Cache, number: u32, stop: &AtomicBool) -> Outcome {
        // The bytes of this worker alone: a page of each chunk.
        let page = u64::from(number) * PAGE;
        while !stop.load(Ordering::Relaxed) {
            let round = self.rounds.fetch_add(1, Ordering::Relaxed);
            let offset = u64::from(round) % (SIZE / CHUNK) * CHUNK + page;
            let (value, begin) = (number << 24 | round, Instant::<Monotonic>::now());
            let mut results = [Ok(()); 5];
            results[0] = cache.write(offset, value);
            // What was not written cannot be compared.
            if results[0].is_ok() {
                results[1] = cache.check(offset, value);
                results[2] = cache.check_across(offset, value);
                results[3] = cache.check_alone(offset, value, Strategy::Sparse);
                results[4] = cache.check_alone(offset, value, Strategy::Whole);
            }
            // CAST: A test takes less than 49 days.
            let took_ms = begin.elapsed().as_millis() as u32;
            self.longest_ms.fetch_max(took_ms, Ordering::Relaxed);
            let mut failed = 0;
            for result in results {
                match result {
                    Ok(()) => (),
                    Err(err) if err == ENOMEM || err == EAGAIN => {
                        failed = 1;
                    }
                    Err(err) => fail!("round {round} of {number}: {results:?}: {err:?}"),
                }
            }
            self.failed.fetch_add(failed, Ordering::Relaxed);
            // Now and then nobody has the aperture.
            c::iomrs_c_msleep(1);
        }
        Ok(())
    }

    /// Fails the test unless most rounds have succeeded, each in time.
    fn check(&self) -> Outcome {
        let rounds = self.rounds.load(Ordering::Relaxed);
        let failed = self.failed.load(Ordering::Relaxed);
        let longest_ms = self.longest_ms.load(Ordering::Relaxed);
        note(fmt!(
            "{rounds} rounds, {failed} of them failed, the longest took {longest_ms} ms"
        ));
        check!(rounds > 2 * failed);
        check!(longest_ms < LONGEST_MS);
        Ok(())
    }
}

/// Returns `EIO` where a word is wrong.
fn same(found: u32, value: u32) -> Result {
    if found != value {
        return Err(EIO);
    }
    Ok(())
}

impl Cache {
    fn write(&self, offset: u64, value: u32) -> Result {
        let mut aperture = self.aperture.lock();
        let map = aperture.map_or_trim(offset, PAGE)?;
        map.try_write32(value, 0)
    }

    fn check(&self, offset: u64, value: u32) -> Result {
        let aperture = self.aperture.lock();
        same(aperture.map_local(offset)?.try_read32(0)?, value)?;
        same(
            aperture.map_atomic(offset, |map| map.try_read32(0))??,
            value,
        )?;
        let map = aperture.map(offset, PAGE)?;
        same(map.try_read32(0)?, value)
    }

    /// By an area of its own, as it crosses a boundary of chunks.
    fn check_across(&self, offset: u64, value: u32) -> Result {
        let begin = (offset & !(CHUNK - 1)).min(SIZE - 2 * CHUNK);
        let aperture = self.aperture.lock();
        let map = aperture.map(begin, 2 * CHUNK)?;
        same(map.try_read32((offset - begin) as usize)?, value)
    }

    /// By an aperture that is made for it. It begins in a chunk, so that a page table may be needed.
    fn check_alone(&self, offset: u64, value: u32, strategy: Strategy) -> Result {
        let options = Options::new(WC);
        let size = CHUNK.min(SIZE - offset);
        let aperture = aperture_with(options, self.phys + offset, size, strategy)?;
        let map = aperture.map(0, 3 * PAGE)?;
        same(map.try_read32(0)?, value)
    }
}

#[kunit_tests(iomrs_reclaim)]
mod tests {
    use super::*;

    #[test]
    fn s51_shrinker_gives_up_chunks() -> Outcome {
        require!(chunks(2));
        let range = require!(TestRange::reserved());
        let cache = Cache::new(range)?;
        let before = KernelState::now()?;
        let shrink = || cache.shrink();
        cache.check_given_up(|| in_reclaim(shrink).map(drop), &before)?;
        let shrinker = Shrinker::start(&shrink)?;
        for _ in 0..3 {
            cache.check_given_up(all_shrinkers, &before)?;
        }
        let use_up_memory = || {
            cache.use_up_memory();
            Ok(())
        };
        cache.check_given_up(use_up_memory, &before)?;
        // What somebody has is left alone.
        let aperture = cache.aperture.lock();
        let map = check_ok!(aperture.map(0, PAGE));
        let busy = cache.busy.load(Ordering::Relaxed);
        all_shrinkers()?;
        check!(cache.busy.load(Ordering::Relaxed) > busy);
        check_eq!(phys_at(map.addr()), Some(range.phys));
        check_eq!(new_areas(&before)?, 1);
        drop(map);
        drop(aperture);
        drop(shrinker);
        note(fmt!(
            "trimmed {} times, busy {} times",
            cache.trimmed.load(Ordering::Relaxed),
            cache.busy.load(Ordering::Relaxed)
        ));
        Ok(())
    }

    #[test]
    fn s51_maps_and_drops_in_reclaim() -> Outcome {
        require!(chunks(2));
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        for strategy in [Strategy::Sparse, Strategy::Whole] {
            let mut ours = check_ok!(aperture_with(Options::new(WC), range.phys, SIZE, strategy));
            let made = KernelState::now()?;
            let chunk = check_ok!(ours.map(0, PAGE));
            let across = check_ok!(ours.map(CHUNK - PAGE, 2 * PAGE));
            let mapping = check_ok!(map(WC, range.phys, CHUNK));
            check_ok!(chunk.try_write32(0x1234, 0));
            let found = in_reclaim(|| {
                let local = ours.map_local(2 * CHUNK)?;
                let nested = ours.map_local(3 * CHUNK)?;
                let atomic = ours.map_atomic(PAGE, |map| phys_at(map.addr()))?;
                let found = (phys_at(local.addr()), phys_at(nested.addr()), atomic);
                let word = ours.map_local(0)?.try_read32(0)?;
                drop((local, nested, chunk, across, mapping));
                Ok::<_, Error>((found, word))
            })?;
            let phys = range.phys;
            let pages = (
                Some(phys + 2 * CHUNK),
                Some(phys + 3 * CHUNK),
                Some(phys + PAGE),
            );
            check_eq!(found, Ok((pages, 0x1234)));
            in_reclaim(|| ours.trim())?;
            check_eq!(KernelState::now()?, made);
            // With a chunk that has not been trimmed.
            drop(check_ok!(ours.map(0, PAGE)));
            in_reclaim(|| drop(ours))?;
            check_eq!(KernelState::now()?, before);
        }
        Ok(())
    }

    #[test]
    fn s51_tasks_map_while_chunks_are_given_up() -> Outcome {
        require!(chunks(4));
        require!(two_cpus());
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        let cache = Cache::new(range)?;
        let (stop, wrong) = (AtomicBool::new(false), AtomicU32::new(0));
        let workers = [Worker::default(), Worker::default()];
        let shrink = || cache.shrink();
        let shrinker = Shrinker::start(&shrink)?;
        let work = |number: usize| {
            let worker = &workers[number];
            if worker.work(&cache, number as u32 + 1, &stop).is_err() {
                wrong.fetch_add(1, Ordering::Relaxed);
            }
        };
        let (first, second) = (|| work(0), || work(1));
        let one = Thread::start(Some(0), &first)?;
        // The first would go on without end.
        let other =
            Thread::start(Some(1), &second).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
        let seconds = crate::module_parameters::short_seconds.value();
        let begin = Instant::<Monotonic>::now();
        let mut called = Ok(());
        while begin.elapsed() < Delta::from_secs(seconds.into()) && called.is_ok() {
            called = all_shrinkers();
            c::iomrs_c_msleep(5);
        }
        stop.store(true, Ordering::Relaxed);
        drop((one, other));
        drop(shrinker);
        called?;
        workers.iter().try_for_each(Worker::check)?;
        let trimmed = cache.trimmed.load(Ordering::Relaxed);
        note(fmt!("trimmed {trimmed} times"));
        check!(trimmed > 0);
        check_eq!(wrong.load(Ordering::Relaxed), 0);
        check_eq!(cache.wrong.load(Ordering::Relaxed), 0);
        drop(cache);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }
}
