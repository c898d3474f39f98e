// SPDX-License-Identifier: GPL-2.0

//! Random sets of ranges, beside a list, and how many steps they take.

use crate::mm::ranges::{Node, Ranges};
use proptest::prelude::*;
use std::cell::Cell;
use std::ops::{Deref, DerefMut};

thread_local! {
    /// How often the nodes of a set have been looked at or changed.
    static STEPS: Cell<u32> = const { Cell::new(0) };
}

/// Memory that counts.
struct Counted(Vec<Node>);

impl Counted {
    fn new(len: usize) -> Self {
        Self(vec![Node::FREE; len])
    }
}

impl Deref for Counted {
    type Target = [Node];

    fn deref(&self) -> &[Node] {
        STEPS.set(STEPS.get() + 1);
        &self.0
    }
}

impl DerefMut for Counted {
    fn deref_mut(&mut self) -> &mut [Node] {
        STEPS.set(STEPS.get() + 1);
        &mut self.0
    }
}

/// Returns what `f` does, and in how many steps.
fn steps<T>(f: impl FnOnce() -> T) -> (T, u32) {
    let before = STEPS.get();
    let result = f();
    (result, STEPS.get() - before)
}

#[derive(Clone, Debug)]
enum Op {
    Add { start: u64, len: u64 },
    Remove { which: usize },
    Overlap { start: u64, len: u64 },
    Ask { places: u32 },
}

fn op() -> impl Strategy<Value = Op> {
    // Many ranges that begin at the same place, some that reach far.
    let len = prop_oneof![3 => 1..4u64, 1 => 1..300u64];
    prop_oneof![
        (0..200u64, len.clone()).prop_map(|(start, len)| Op::Add { start, len }),
        (0..200u64, len.clone()).prop_map(|(start, len)| Op::Add { start, len }),
        any::<usize>().prop_map(|which| Op::Remove { which }),
        (0..220u64, len).prop_map(|(start, len)| Op::Overlap { start, len }),
        (1..20u32).prop_map(|places| Op::Ask { places }),
    ]
}

/// Asks until there is an answer.
fn overlap(set: &mut Ranges<Counted>, start: u64, end: u64) -> bool {
    loop {
        if let Some(overlaps) = set.overlap(start, end, 7) {
            return overlaps;
        }
    }
}

/// A set beside a list of its ranges, with their places.
struct Both {
    set: Ranges<Counted>,
    list: Vec<(u32, u64, u64)>,
}

impl Both {
    fn new() -> Self {
        Self {
            set: Ranges::new(Counted::new(0)),
            list: Vec::new(),
        }
    }

    fn add(&mut self, start: u64, end: u64) {
        let at = self.set.add(start, end).unwrap_or_else(|| {
            assert_eq!(self.set.capacity(), self.list.len());
            let more = Counted::new(2 * self.set.capacity() + 1);
            drop(self.set.grow(more));
            self.set.add(start, end).unwrap()
        });
        assert!(self.list.iter().all(|&(other, ..)| other != at));
        self.list.push((at, start, end));
    }

    fn remove(&mut self, which: usize) {
        if !self.list.is_empty() {
            let (at, ..) = self.list.swap_remove(which % self.list.len());
            self.set.remove(at);
        }
    }

    fn check(&mut self, start: u64, end: u64) {
        let expected = self
            .list
            .iter()
            .any(|&(_, from, to)| from < end && start < to);
        assert_eq!(
            overlap(&mut self.set, start, end),
            expected,
            "{start}..{end}"
        );
        assert_eq!(self.set.is_empty(), self.list.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn as_a_list_of_ranges(ops in proptest::collection::vec(op(), 1..200)) {
        let mut both = Both::new();
        for op in ops {
            match op {
                Op::Add { start, len } => both.add(start, start + len),
                Op::Remove { which } => both.remove(which),
                Op::Overlap { start, len } => both.check(start, start + len),
                Op::Ask { places } => {
                    both.set.overlap(0, 1, places);
                }
            }
        }
        for start in 0..220 {
            both.check(start, start + 1);
        }
        while !both.list.is_empty() {
            both.remove(0);
            both.check(100, 101);
        }
    }
}

#[test]
fn the_ends_of_the_number_space() {
    let mut both = Both::new();
    both.add(u64::MAX - 1, u64::MAX);
    both.add(0, 1);
    for (start, end) in [
        (0, u64::MAX),
        (1, u64::MAX - 1),
        (u64::MAX - 1, u64::MAX),
        (0, 1),
    ] {
        both.check(start, end);
    }
}

/// Neither adding nor removing looks for anything while nobody asks.
#[test]
fn steps_without_questions_are_few() {
    let mut set = Ranges::new(Counted::new(10_000));
    let mut most = 0;
    for page in 0..10_000 {
        most = most.max(steps(|| set.add(page, page + 1)).1);
    }
    for at in (0..10_000).rev() {
        most = most.max(steps(|| set.remove(at)).1);
    }
    assert!(most <= 2, "{most} steps");
}

/// The tree is made in steps, each of which is short.
#[test]
fn steps_of_making_the_tree_are_bounded() {
    const MANY: u64 = 10_000;
    let mut set = Ranges::new(Counted::new(MANY as usize + 1));
    for page in 0..MANY {
        set.add(2 * page, 2 * page + 1);
    }
    let (mut calls, mut most) = (0, 0);
    loop {
        let (overlaps, count) = steps(|| set.overlap(2 * MANY - 1, 2 * MANY, 100));
        (calls, most) = (calls + 1, most.max(count));
        if let Some(overlaps) = overlaps {
            assert!(!overlaps);
            break;
        }
    }
    assert_eq!(calls, MANY / 100);
    let height = 1.45 * (MANY as f64).log2();
    assert!(f64::from(most) <= 100.0 * (16.0 * height + 40.0), "{most}");
    // What is added later needs no more of them.
    assert_eq!(set.overlap(2 * MANY - 2, 2 * MANY - 1, 0), Some(true));
    set.add(2 * MANY, 2 * MANY + 1);
    assert_eq!(set.overlap(2 * MANY, 2 * MANY + 1, 0), Some(true));
}

/// With questions they grow with the logarithm of the number of ranges, in whatever order these come.
#[test]
fn steps_with_questions_are_logarithmic() {
    const MANY: u64 = 10_000;
    let orders: [fn(u64) -> u64; 3] = [
        |index| index,
        |index| MANY - index,
        |index| index * 7919 % MANY,
    ];
    // No balanced tree of so many nodes is higher.
    let height = 1.45 * (MANY as f64).log2();
    for order in orders {
        let mut set = Ranges::new(Counted::new(MANY as usize + 1));
        set.add(10 * MANY, 10 * MANY + 1);
        assert!(!overlap(&mut set, 0, 1));
        let (mut added, mut asked, mut removed) = (0, 0, 0);
        let mut places = Vec::new();
        for index in 0..MANY {
            let start = 4 * order(index);
            let (at, count) = steps(|| set.add(start, start + 2));
            places.push(at.unwrap());
            added = added.max(count);
        }
        for start in 0..MANY {
            let (overlaps, count) = steps(|| set.overlap(4 * start + 2, 4 * start + 4, 0));
            assert_eq!(overlaps, Some(false));
            asked = asked.max(count);
        }
        for index in 0..MANY {
            let at = places[order(index) as usize % places.len()];
            places.retain(|&place| place != at);
            removed = removed.max(steps(|| set.remove(at)).1);
        }
        for (count, each) in [(asked, 2.0), (added, 16.0), (removed, 16.0)] {
            assert!(
                f64::from(count) <= each * height + 40.0,
                "{added} {asked} {removed}"
            );
        }
    }
}
