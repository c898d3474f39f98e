// SPDX-License-Identifier: GPL-2.0

//! What each task and each timer does in a round.

use super::{
    counts::Counts,
    owner::{Owner, PAGES, SIZE},
};
use crate::{
    c,
    support::{mappings::sparse_aperture, outcome::*, ranges::*},
};
use core::sync::atomic::{AtomicU32, Ordering};
use io_mapping_rs::{
    io_mapping::{LocalMap, Map},
    IoMapping,
};

/// Guards that a task holds at once.
const DEPTH: usize = 8;
pub(super) const TASKS: usize = 4;

/// A map that a task holds.
enum Held<'a> {
    Local(LocalMap<'a>),
    /// A lasting map, and where in it the page is.
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

/// The aperture, and all who map its pages.
pub(super) struct Stress {
    pub(super) aperture: IoMapping,
    pub(super) tasks: [Owner; TASKS],
    pub(super) timers: [Owner; 2],
    counts: Counts,
    /// Lasting maps, which may make chunks, begin below this offset.
    lasting_below: u64,
    round: AtomicU32,
}

/// Whether `chunk_budget=` allows chunks for all of the aperture.
pub(super) fn all_chunks() -> bool {
    let budget = crate::module_parameters::chunk_budget.value();
    budget.saturating_mul(1 << 20) >= SIZE
}

impl Stress {
    pub(super) fn new(range: TestRange) -> Outcome<Self> {
        let aperture = check_ok!(sparse_aperture(range.phys, SIZE));
        for offset in (0..SIZE).step_by(PAGE as usize) {
            let page = check_ok!(aperture.map_local(offset));
            for at in (0..PAGE as usize).step_by(4) {
                check_ok!(page.try_write32(0, at));
            }
        }
        // Where the budget allows all chunks, half of the aperture gets none, to use slots.
        let lasting_below = if all_chunks() { SIZE / 2 } else { SIZE };
        Ok(Self {
            aperture,
            tasks: [
                Owner::new(0)?,
                Owner::new(1)?,
                Owner::new(2)?,
                Owner::new(3)?,
            ],
            timers: [Owner::new(4)?, Owner::new(5)?],
            counts: Counts::default(),
            lasting_below,
            round: AtomicU32::new(0),
        })
    }

    /// Maps a page by a temporary or a lasting map.
    fn map(&self, owner: &Owner, page: usize) -> Option<Held<'_>> {
        let offset = owner.offset(page);
        let map = if offset < self.lasting_below && owner.random(16) == 0 {
            // With a few pages before and after it, perhaps in another chunk.
            let before = (owner.random(16) * PAGE).min(offset);
            let after = ((owner.random(16) + 1) * PAGE).min(SIZE - offset);
            let map = self.aperture.map(offset - before, before + after);
            self.counts.lasting_maps.add(1);
            map.map(|map| Held::Lasting(map, before as usize))
        } else {
            self.counts.temporary_maps.add(1);
            self.aperture.map_local(offset).map(Held::Local)
        };
        map.inspect_err(|&err| self.counts.add_error(err)).ok()
    }

    /// Checks and writes any page by an atomic map.
    fn use_atomic_map(&self, owner: &Owner, round: u32) {
        let page = owner.random_page();
        let used = self.aperture.map_atomic(owner.offset(page), |map| {
            owner.check_and_write(map.addr(), page, round, &self.counts.wrong_bytes);
        });
        if let Err(err) = used {
            self.counts.add_error(err);
        }
        self.counts.atomic_maps.add(1);
    }

    /// Holds up to `depth` maps, and ends them in any order.
    fn round(&self, owner: &Owner, depth: u64) {
        let round = self.round.fetch_add(1, Ordering::Relaxed) + 1;
        let mut held = [const { None }; DEPTH];
        for place in held.iter_mut().take(depth as usize) {
            let page = owner.random_page();
            let Some(map) = self.map(owner, page) else {
                break;
            };
            owner.check_and_write(map.addr(), page, round, &self.counts.wrong_bytes);
            *place = Some((page, map));
        }
        if owner.random(4) == 0 {
            self.use_atomic_map(owner, round);
        }
        match owner.random(256) {
            0 => c::iomrs_c_msleep(1),
            1..16 => c::iomrs_c_schedule(),
            _ => (),
        }
        self.end_all(owner, &mut held);
    }

    /// Ends all maps in any order. Checks each page before.
    fn end_all(&self, owner: &Owner, held: &mut [Option<(usize, Held<'_>)>]) {
        loop {
            let count = held.iter().filter(|place| place.is_some()).count() as u64;
            if count == 0 {
                break;
            }
            let which = owner.random(count) as usize;
            let place = held.iter_mut().filter(|place| place.is_some()).nth(which);
            if let Some((page, map)) = place.and_then(Option::take) {
                let wrong = owner.count_wrong_bytes(map.addr(), page);
                self.counts.wrong_bytes.add(wrong);
            }
        }
    }

    /// What a task does.
    pub(super) fn task(&self, owner: &Owner, rounds: u32) {
        for _ in 0..rounds {
            self.round(owner, owner.random(DEPTH as u64) + 1);
            // The task holds nothing, and can be migrated.
            self.counts
                .pinned
                .add(c::iomrs_c_migration_disabled().into());
        }
    }

    /// What a timer does. It may not sleep, so that it makes temporary maps only.
    pub(super) fn interrupt(&self, owner: &Owner) {
        let counts = &self.counts;
        counts.interrupts.add(1);
        let round = self.round.fetch_add(1, Ordering::Relaxed) + 1;
        let pages = [(); 3].map(|()| owner.random_page());
        let [first, second, third] = pages.map(|page| {
            let map = self.aperture.map_local(owner.offset(page));
            match &map {
                Ok(map) => owner.check_and_write(map.addr(), page, round, &counts.wrong_bytes),
                Err(err) => counts.add_error(*err),
            }
            (page, map)
        });
        self.use_atomic_map(owner, round);
        for (page, map) in [second, third, first] {
            let wrong = map.map_or(0, |map| owner.count_wrong_bytes(map.addr(), page));
            counts.wrong_bytes.add(wrong);
        }
    }

    /// Fails the test unless every page holds what was written last, in one map of all pages.
    pub(super) fn check(&self) -> Outcome {
        let all = check_ok!(self.aperture.map(0, SIZE));
        let mut wrong = 0;
        for owner in Iterator::chain(self.tasks.iter(), &self.timers) {
            for page in 0..PAGES {
                let addr = all.addr() + owner.offset(page) as usize;
                wrong += owner.count_wrong_bytes(addr, page);
            }
        }
        self.counts.check()?;
        check_eq!(wrong, 0);
        Ok(())
    }
}
