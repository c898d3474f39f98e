// SPDX-License-Identifier: GPL-2.0

//! The map of free pages compared with an array of them, after every change.

use crate::arena::page_map::{PageMap, MAX_BLOCKS};
use crate::cases::config;
use proptest::prelude::*;

type Map = PageMap<Vec<u64>>;

/// The pages of a block.
const BLOCK: usize = 512;

/// A map whose memory has had other contents.
fn map(blocks: usize) -> Map {
    PageMap::new(
        vec![0xdead_beef_f00d_5555; Map::metadata_len(blocks)],
        blocks,
    )
    .unwrap()
}

/// The first page of `len` free ones at or after `from`, at the start of a block if so asked. The page
/// behind the end counts as free.
fn find(free: &[bool], from: usize, len: usize, at_block: bool) -> Option<usize> {
    let mut row = from;
    for page in from..=free.len() {
        let free = free.get(page).is_none_or(|&free| free);
        if !free {
            row = page + 1;
        } else if at_block && row % BLOCK != 0 {
            row = row.next_multiple_of(BLOCK);
        }
        if free && page + 1 >= row + len {
            return Some(row);
        }
    }
    None
}

fn longest(free: &[bool]) -> usize {
    free.split(|free| !free)
        .map(<[bool]>::len)
        .max()
        .unwrap_or(0)
}

/// A number below `pages`, mostly near a multiple of a power of two.
fn place(pages: usize) -> impl Strategy<Value = usize> {
    let near = (0..20u32, any::<usize>(), -2..=2isize)
        .prop_map(move |(bit, high, off)| ((high >> bit) << bit).wrapping_add_signed(off) % pages);
    prop_oneof![near, 0..pages]
}

#[derive(Clone, Debug)]
struct Step {
    first: usize,
    len: usize,
    free: bool,
    from: usize,
    find: usize,
}

fn steps(pages: usize) -> impl Strategy<Value = Vec<Step>> {
    // Short ranges and long ones.
    let len = prop_oneof![1..4usize, 1..300usize, place(pages)];
    let find = prop_oneof![1..5usize, 60..70usize, 500..1100usize, place(pages)];
    let step = (place(pages), len, any::<bool>(), place(pages), find).prop_map(
        move |(first, len, free, from, find)| Step {
            first,
            len: len.clamp(1, pages - first),
            free,
            from,
            find: find.max(2),
        },
    );
    prop::collection::vec(step, 1..60)
}

/// Makes pages free or taken: each row of those that are not so already.
fn set(map: &mut Map, free: &mut [bool], step: &Step) {
    let end = step.first + step.len;
    let mut page = step.first;
    while page < end {
        let row = free[page..end]
            .iter()
            .take_while(|&&is| is != step.free)
            .count();
        if row != 0 {
            map.set(page, row, step.free);
            free[page..page + row].fill(step.free);
        }
        page += row.max(1);
    }
}

fn check(map: &mut Map, free: &[bool], step: &Step) {
    let block = step.from / BLOCK * BLOCK;
    for (from, len, at_block) in [
        (step.from, step.find, false),
        (0, step.find, false),
        (step.from, 2, false),
        (block, step.find.max(BLOCK), true),
        (block, BLOCK, true),
    ] {
        let expected = find(free, from, len, at_block);
        assert_eq!(
            map.find(from, len, at_block),
            expected,
            "{from} {len} {at_block}"
        );
    }
    for (first, len) in [(step.first, step.len), (step.from, step.find)] {
        let len = len.min(free.len() - first);
        let taken = free[first..first + len].iter().all(|free| !free);
        assert_eq!(map.is_taken(first, len), taken, "{first} {len}");
    }
    let last = free.iter().rev().take_while(|&&free| free).count();
    assert_eq!(map.longest_and_last(), (longest(free), last));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 4, ..config() })]

    #[test]
    fn any_changes_agree_with_an_array((blocks, steps) in
        prop_oneof![50 => 1..9usize, 1 => Just(64), 1 => Just(65)]
            .prop_flat_map(|blocks| (Just(blocks), steps(blocks * BLOCK))))
    {
        let (mut map, mut free) = (map(blocks), vec![true; blocks * BLOCK]);
        prop_assert_eq!(map.pages(), free.len());
        for step in steps {
            set(&mut map, &mut free, &step);
            check(&mut map, &free, &step);
        }
    }
}

/// Every range of two blocks: taken from a free map, and made free in a taken one.
#[test]
fn every_range() {
    let pages = 2 * BLOCK;
    for first in 0..pages {
        for len in (1..=pages - first).filter(|len| len % 7 == first % 7 || len % 64 < 2) {
            for taken in [false, true] {
                let mut map = map(2);
                if taken {
                    map.set(0, pages, false);
                }
                map.set(first, len, taken);
                let (before, after) = (first, pages - first - len);
                let expected = if taken {
                    (len, if after == 0 { len } else { 0 })
                } else {
                    (before.max(after), after)
                };
                assert_eq!(map.longest_and_last(), expected, "{first} {len} {taken}");
                assert_eq!(map.is_taken(first, len), !taken);
                // Back again.
                map.set(first, len, !taken);
                let all = if taken { 0 } else { pages };
                assert_eq!(map.longest_and_last(), (all, all), "{first} {len} {taken}");
            }
        }
    }
}

/// The largest map, of which a quarter is taken and given back, a page at its ends, too.
#[test]
fn the_largest_map() {
    let mut map = map(MAX_BLOCKS);
    let pages = map.pages();
    let quarter = pages / 4;
    map.set(quarter, quarter, false);
    assert_eq!(map.longest_and_last(), (pages / 2, pages / 2));
    assert_eq!(map.find(1, quarter, false), Some(pages / 2));
    map.set(quarter, 1, true);
    assert_eq!(map.find(1, quarter, false), Some(1));
    map.set(pages - 1, 1, false);
    assert_eq!(map.longest_and_last(), (pages / 2 - 1, 0));
    map.set(quarter + 1, quarter - 1, true);
    map.set(pages - 1, 1, true);
    assert_eq!(map.longest_and_last(), (pages, pages));
}

#[test]
fn a_map_needs_its_memory() {
    for blocks in [0, 1, 63, 64, 65, MAX_BLOCKS, MAX_BLOCKS + 1] {
        let (exists, needed) = (
            (1..=MAX_BLOCKS).contains(&blocks),
            Map::metadata_len(blocks),
        );
        assert_eq!(Map::new(vec![0; needed], blocks).is_some(), exists);
        assert!(Map::new(vec![0; needed.saturating_sub(1)], blocks).is_none());
    }
}

/// A row that grows across the boundary of two groups of blocks is found after a search in vain.
#[test]
fn a_row_across_groups() {
    let (boundary, mut map) = (64 * BLOCK, map(66));
    let pages = map.pages();
    map.set(0, pages, false);
    map.set(boundary - 100, 100, true);
    assert_eq!(map.find(0, 200, false), None);
    map.set(boundary, 100, true);
    assert_eq!(map.find(0, 200, false), Some(boundary - 100));
    assert_eq!(map.find(0, 201, false), None);
}
