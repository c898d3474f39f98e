// SPDX-License-Identifier: GPL-2.0

//! No input makes a plan panic, wrap or end too early. Overflow checks are on.

use crate::cases::{any_input, config, edges, MAX_SHIFTS};
use crate::mm::page_plan::{Plan, Run};
use crate::model;
use crate::page_plan_grid::compare;
use proptest::prelude::*;

#[test]
fn every_size_at_extreme_addresses() {
    for size in edges() {
        for max_shift in MAX_SHIFTS {
            for addr in [0, 0xfff, 1 << 63, u64::MAX & !0xfff, u64::MAX] {
                compare(addr, 0, size, max_shift, 4);
                compare(0, addr, size, max_shift, 4);
            }
        }
    }
}

#[test]
fn every_address_at_extreme_sizes() {
    for addr in edges() {
        for size in [0, 1, 4095, 4096, 1 << 30, u64::MAX - 4095, u64::MAX] {
            compare(addr, addr, size, 30, 4);
            compare(addr, addr & 0x3fff_ffff, size, 30, 4);
            compare(addr & 0x3fff_ffff, addr, size, 30, 4);
        }
    }
}

#[test]
fn whole_address_range() {
    // All pages are of 1 GiB but the last, of which the last small page cannot be mapped.
    let runs: Vec<Run> = Plan::new(0, 0, u64::MAX, 30).take(1 << 16).collect();
    assert!(runs.iter().all(|run| run.shift == 30 && run.count == 512));
    let last = Plan::new(u64::MAX << 39, u64::MAX << 39, u64::MAX, 30);
    let pages: Vec<_> = last.map(|run| (run.shift, run.count)).collect();
    assert_eq!(pages, [(30, 511), (21, 511), (12, 511)]);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_input_equals_the_model(input in any_input()) {
        compare(input.addr, input.phys, input.size, input.max_shift, 8);
        let left = model::pages(input.addr, input.phys, input.size, 12).left();
        prop_assert_eq!(Plan::new(input.addr, input.phys, input.size, 0).next().is_none(), left == 0);
    }
}
