// SPDX-License-Identifier: GPL-2.0

//! The queue of dirty parts compared with what is known of each page.

use crate::arena::dirty::{Dirty, Flush, Limits, Part};
use crate::cases::config;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;

const LIMITS: Limits = Limits {
    pages: 40,
    entries: 6,
};

type Queue = Dirty<Vec<u64>>;

#[derive(Clone, Debug)]
enum Step {
    Reserve,
    Cancel,
    /// A part next to those of its unit before, or at a distance.
    Push {
        unit: u8,
        pages: u32,
        place: Place,
    },
    Begin,
    /// Ends any of the flushes that are under way.
    End(Index),
    /// One of the flushes that are under way fails.
    Fail(Index),
    Next,
    Grow(usize),
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Behind,
    Before,
    Apart,
}

fn step() -> impl Strategy<Value = Step> {
    let place = prop::sample::select(vec![Place::Behind, Place::Before, Place::Apart]);
    prop_oneof![
        8 => Just(Step::Reserve),
        1 => Just(Step::Cancel),
        8 => (0..2u8, 1..6u32, place)
            .prop_map(|(unit, pages, place)| Step::Push { unit, pages, place }),
        3 => Just(Step::Begin),
        3 => any::<Index>().prop_map(Step::End),
        1 => any::<Index>().prop_map(Step::Fail),
        5 => Just(Step::Next),
        1 => (0..40usize).prop_map(Step::Grow),
    ]
}

/// What is known of the queue. Time goes by in steps.
struct Model {
    queue: Queue,
    reserved: usize,
    /// The time at which each page, with its unit, became dirty, for those that are still in the queue.
    dirty: BTreeMap<(u8, u32), usize>,
    /// Flushes that are under way, and when they began.
    flushes: Vec<(Flush, usize)>,
    /// The latest time at which a flush began that has ended.
    clean: Option<usize>,
    /// When the last flush began.
    begun: Option<usize>,
    /// The first page of each unit that was used, and the one after the last guard page.
    last: [(u32, u32); 2],
}

impl Model {
    fn new(words: usize) -> Self {
        Self {
            queue: Queue::new(vec![0; words], LIMITS),
            reserved: 0,
            dirty: BTreeMap::new(),
            flushes: vec![],
            clean: None,
            begun: None,
            last: [(1000, 1000); 2],
        }
    }

    /// Pages of a part that have never been dirty, so that all pages ever used are different.
    fn pages(&mut self, unit: u8, pages: u32, place: Place) -> Part {
        let (low, high) = &mut self.last[usize::from(unit)];
        let first = match place {
            Place::Behind => *high,
            Place::Apart => *high + 7,
            // Where there is no room before, behind.
            Place::Before if *low < pages + 1 => *high,
            Place::Before => *low - pages - 1,
        };
        *low = first.min(*low);
        *high = (first + pages + 1).max(*high);
        Part { unit, first, pages }
    }

    fn apply(&mut self, now: usize, step: Step) {
        match step {
            Step::Reserve => {
                let has = self.queue.entries() + self.reserved < self.queue.capacity();
                assert_eq!(self.queue.reserve(), has);
                self.reserved += usize::from(has);
            }
            Step::Cancel => {
                self.queue.cancel_reservation();
                self.reserved = self.reserved.saturating_sub(1);
            }
            Step::Push { unit, pages, place } => {
                let part = self.pages(unit, pages, place);
                assert_eq!(self.queue.push(part), self.reserved != 0);
                if self.reserved != 0 {
                    self.reserved -= 1;
                    let pages = part.first..part.first + part.pages;
                    self.dirty.extend(pages.map(|page| ((unit, page), now)));
                }
            }
            Step::Begin => {
                let flush = self.queue.begin_flush();
                // There is something to flush where a page became dirty after the last flush that has ended began.
                let dirty = self.dirty.values().any(|&since| Some(since) > self.clean);
                assert_eq!(flush.is_some(), dirty);
                if let Some(flush) = flush {
                    self.flushes.push((flush, now));
                    self.begun = Some(now);
                }
            }
            Step::End(which) if !self.flushes.is_empty() => {
                let (flush, began) = self.flushes.swap_remove(which.index(self.flushes.len()));
                self.queue.end_flush(flush);
                self.clean = self.clean.max(Some(began));
            }
            Step::Fail(which) if !self.flushes.is_empty() => {
                drop(self.flushes.swap_remove(which.index(self.flushes.len())));
            }
            Step::Next => {
                self.next();
            }
            Step::Grow(words) => {
                let before = self.queue.capacity();
                let returned = self.queue.grow(vec![0; words]).len();
                let grows = words >= 2 * before.max(1);
                assert_eq!(returned == words && !grows, !grows);
                let power = if words == 0 { 0 } else { 1 << words.ilog2() };
                assert_eq!(self.queue.capacity(), if grows { power } else { before });
            }
            _ => {}
        }
        self.check();
    }

    /// Takes a clean part out of the queue, each page of which must be clean. Returns whether there was one.
    fn next(&mut self) -> bool {
        let Some(part) = self.queue.next_clean() else {
            // No page that is clean may stay.
            assert!(self.dirty.values().all(|&since| Some(since) > self.clean));
            return false;
        };
        let mut pages = 0;
        for page in part.first..part.first + part.pages {
            if let Some(since) = self.dirty.remove(&(part.unit, page)) {
                assert!(
                    Some(since) < self.clean,
                    "page {page} became clean too early"
                );
                pages += 1;
            }
        }
        // What is not a page of a part is the guard page between two.
        assert!(
            pages != 0
                && self
                    .dirty
                    .contains_key(&(part.unit, part.first + part.pages))
                    == false
        );
        true
    }

    fn check(&self) {
        let since_begun = self
            .dirty
            .values()
            .filter(|&&since| Some(since) > self.begun)
            .count();
        // Guard pages between parts that have become one count, too.
        assert!(self.queue.pages() >= self.dirty.len());
        assert!(self.queue.pages() <= 2 * self.dirty.len());
        if since_begun > LIMITS.pages {
            assert!(self.queue.wants_flush());
        }
        if since_begun == 0 {
            assert!(!self.queue.wants_flush());
        }
        assert!(self.queue.entries() + self.reserved <= self.queue.capacity());
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_sequence_agrees_with_what_is_known_of_each_page(
        words in prop_oneof![Just(0usize), 1..20usize],
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut model = Model::new(words);
        let mut now = 0;
        for step in steps {
            model.apply(now, step);
            now += 1;
        }
        // A last flush cleans everything, and nothing is lost.
        model.apply(now, Step::Begin);
        if let Some((flush, began)) = model.flushes.pop() {
            if model.begun == Some(now) {
                model.queue.end_flush(flush);
                model.clean = model.clean.max(Some(began));
            }
        }
        while model.next() {}
        prop_assert!(model.dirty.is_empty());
        prop_assert_eq!((model.queue.pages(), model.queue.entries()), (0, 0));
    }
}

fn part(first: u32) -> Part {
    Part {
        unit: 3,
        first,
        pages: 1,
    }
}

fn push(queue: &mut Queue, part: Part) {
    assert!(queue.reserve() && queue.push(part));
}

#[test]
fn a_part_freed_during_a_flush_stays_dirty() {
    let mut queue = Queue::new(vec![0; 4], LIMITS);
    push(&mut queue, part(0));
    let flush = queue.begin_flush().unwrap();
    // Next to the one that the flush cleans.
    push(&mut queue, part(2));
    queue.end_flush(flush);
    assert_eq!(
        (queue.next_clean(), queue.next_clean()),
        (Some(part(0)), None)
    );
    let flush = queue.begin_flush().unwrap();
    queue.end_flush(flush);
    assert_eq!(
        (queue.next_clean(), queue.next_clean()),
        (Some(part(2)), None)
    );
    assert!(queue.begin_flush().is_none());
}

#[test]
fn flushes_end_in_any_order() {
    let mut queue = Queue::new(vec![0; 4], LIMITS);
    push(&mut queue, part(0));
    let first = queue.begin_flush().unwrap();
    push(&mut queue, part(10));
    let second = queue.begin_flush().unwrap();
    push(&mut queue, part(20));
    queue.end_flush(second);
    assert_eq!(queue.next_clean(), Some(part(0)));
    queue.end_flush(first);
    assert_eq!(
        (queue.next_clean(), queue.next_clean()),
        (Some(part(10)), None)
    );
}

/// What is freed in a row, upwards or downwards, needs one entry. A neighbour in another unit does not
/// count.
#[test]
fn parts_side_by_side_become_one() {
    let mut queue = Queue::new(vec![0; 8], LIMITS);
    for first in [100, 102, 104, 98] {
        push(&mut queue, part(first));
    }
    push(
        &mut queue,
        Part {
            unit: 2,
            first: 106,
            pages: 1,
        },
    );
    assert_eq!((queue.entries(), queue.pages()), (2, 8));
    let flush = queue.begin_flush().unwrap();
    queue.end_flush(flush);
    assert_eq!(
        queue.next_clean(),
        Some(Part {
            unit: 3,
            first: 98,
            pages: 7
        })
    );
    assert_eq!(
        queue.next_clean(),
        Some(Part {
            unit: 2,
            first: 106,
            pages: 1
        })
    );
}

#[test]
fn a_flush_is_wanted_beyond_either_limit_and_once() {
    let mut queue = Queue::new(vec![0; 16], LIMITS);
    for entry in 0..=6 {
        assert!(!queue.wants_flush());
        push(&mut queue, part(10 * entry));
    }
    assert!(queue.wants_flush());
    let flush = queue.begin_flush().unwrap();
    assert!(!queue.wants_flush());
    push(
        &mut queue,
        Part {
            unit: 0,
            first: 0,
            pages: 40,
        },
    );
    assert!(!queue.wants_flush());
    push(&mut queue, part(200));
    assert!(queue.wants_flush());
    queue.end_flush(flush);
    assert!(queue.wants_flush());
}

#[test]
fn numbers_of_pages_have_28_bits() {
    let mut queue = Queue::new(vec![0; 1], LIMITS);
    let most = (1 << 28) - 1;
    let part = Part {
        unit: u8::MAX,
        first: most,
        pages: most,
    };
    push(&mut queue, part);
    let flush = queue.begin_flush().unwrap();
    queue.end_flush(flush);
    assert_eq!(queue.next_clean(), Some(part));
}
