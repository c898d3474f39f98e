// SPDX-License-Identifier: GPL-2.0

//! Plans of a dense grid of inputs, compared with the model run by run.

use crate::cases::MAX_SHIFTS;
use crate::mm::page_plan::Plan;
use crate::model;

/// How many runs are compared: all of a small plan, the first ones of a large one.
const RUNS: usize = 10;

pub fn compare(addr: u64, phys: u64, size: u64, max_shift: u32, runs: usize) {
    let mut expected = model::runs(addr, phys, size, max_shift).take(runs);
    for run in Plan::new(addr, phys, size, max_shift).take(runs) {
        assert_eq!(
            Some(run),
            expected.next(),
            "{addr:#x} {phys:#x} {size:#x} {max_shift}"
        );
    }
    assert_eq!(
        expected.next(),
        None,
        "too short: {addr:#x} {phys:#x} {size:#x} {max_shift}"
    );
}

/// Distances from an edge, in bytes.
const NEAR: [i64; 9] = [
    -0x20_0000, -0x3000, -0x1000, -1, 0, 1, 0x1000, 0x2000, 0x20_0000,
];

/// Returns the numbers at those distances from each of `points`.
fn around(points: &[u64]) -> Vec<u64> {
    let near = |point: &u64| NEAR.map(|off| point.wrapping_add_signed(off));
    let mut all: Vec<u64> = points.iter().flat_map(near).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn around_the_page_sizes() {
    let addrs = around(&[1 << 21, 1 << 30, 1 << 39, 1 << 63]);
    let physes = around(&[1 << 21, 1 << 30, 0x38_0000_0000]);
    let sizes = around(&[0, 1 << 21, 3 << 29]);
    for &addr in &addrs {
        for &phys in &physes {
            for &size in &sizes {
                for max_shift in [12, 21, 30] {
                    compare(addr, phys, size, max_shift, RUNS);
                }
            }
        }
    }
}

#[test]
fn every_max_shift() {
    for max_shift in MAX_SHIFTS.into_iter().chain(0..70) {
        for addr in [0, 0x1000, 0x20_0000, 0x4000_0000, 0x7fff_f000] {
            for phys in [0, 0x1000, 0x20_0000, 0x4000_0000] {
                for size in around(&[0x40_0000, 0x4000_0000, 0x8000_0000]) {
                    compare(addr, phys, size, max_shift, RUNS);
                }
            }
        }
    }
}

#[test]
fn every_small_plan() {
    // Starts in the last pages of a table and in the first ones, each number of pages up to two
    // tables, and physical addresses that allow large pages and that do not.
    for start in (500..=524).chain([0, 1, 1023]) {
        for pages in 0..=1040 {
            for phys in [start, start + 512, start + 1] {
                for max_shift in [12, 21] {
                    compare(start << 12, phys << 12, pages << 12, max_shift, usize::MAX);
                }
            }
        }
    }
}

#[test]
fn at_the_end_of_both_address_ranges() {
    let tops = around(&[0, 1 << 63, u64::MAX - 0x3fff_ffff, u64::MAX - 0xfff]);
    let sizes = around(&[0, 1 << 21, 1 << 30, 1 << 63, u64::MAX]);
    for &addr in &tops {
        for &phys in &tops {
            for &size in &sizes {
                compare(addr, phys, size, 30, RUNS);
            }
        }
    }
}
