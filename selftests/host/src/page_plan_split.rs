// SPDX-License-Identifier: GPL-2.0

//! Runs that are split, as where a large page cannot be mapped.

use crate::cases::{config, input};
use crate::mm::page_plan::{Plan, Run};
use crate::model;
use proptest::prelude::*;

const LARGE: [u32; 2] = [21, 30];

/// Compares the smaller pages of the `index`th page of `run` with the model's.
fn compare_split(run: Run, index: u64) {
    let done = index << run.shift;
    let expected = model::runs(
        run.addr + done,
        run.phys + done,
        1 << run.shift,
        run.shift - 1,
    );
    let split = run.split(index).expect("a large page has smaller ones");
    assert!(split.eq(expected), "{run:x?} {index}");
}

#[test]
fn split_of_every_page_of_a_table() {
    for shift in LARGE {
        let (addr, phys) = (7 << 39, 5 << 39);
        let run = Run {
            addr,
            phys,
            shift,
            count: 512,
        };
        (0..run.count).for_each(|index| compare_split(run, index));
    }
}

#[test]
fn split_of_1g_is_one_run_of_2m_and_of_2m_one_run_of_4k() {
    for shift in LARGE {
        let run = Run {
            addr: 1 << 39,
            phys: 1 << 38,
            shift,
            count: 3,
        };
        let parts: Vec<Run> = run.split(2).unwrap().collect();
        let (addr, phys) = (run.addr + (2 << shift), run.phys + (2 << shift));
        assert_eq!(
            parts,
            [Run {
                addr,
                phys,
                shift: shift - 9,
                count: 512
            }]
        );
    }
}

#[test]
fn split_of_no_page_is_none() {
    for (shift, count, index) in [
        (12, 512, 0),
        (12, 512, 511),
        (21, 1, 1),
        (21, 512, 512),
        (30, 512, 1 << 34),
        (30, 512, u64::MAX),
    ] {
        let addr = u64::MAX << 39;
        let run = Run {
            addr,
            phys: addr,
            shift,
            count,
        };
        assert!(run.split(index).is_none(), "{run:x?} {index}");
    }
}

/// More pages than any case has.
const TOO_MANY: usize = 1 << 20;

/// Does with a plan what the library does where large pages are refused when `refuse` says so.
/// Appends the pages that are mapped, in order. All are smaller than `1 << below`.
fn fill(plan: Plan, below: u32, refuse: &mut impl FnMut() -> bool, pages: &mut Vec<model::Page>) {
    for run in plan {
        assert!(run.shift < below && run.count > 0, "{run:x?}");
        for index in 0..run.count {
            if run.shift > 12 && refuse() {
                fill(run.split(index).unwrap(), run.shift, refuse, pages);
                continue;
            }
            let done = u128::from(index) << run.shift;
            let (addr, phys) = (u128::from(run.addr) + done, u128::from(run.phys) + done);
            let bytes = 1 << run.shift;
            pages.push(model::Page { addr, phys, bytes });
            assert!(pages.len() < TOO_MANY);
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn split_of_any_page_equals_the_model(input in input(), index: u64) {
        for run in Plan::new(input.addr, input.phys, input.size, input.max_shift) {
            if run.shift > 12 {
                compare_split(run, index % run.count);
            }
        }
    }
}

proptest! {
    // A case is up to 200,000 pages.
    #![proptest_config(ProptestConfig { cases: config().cases / 32, ..config() })]

    #[test]
    fn refusals_leave_every_byte_covered_once(input in input(), refusals: u64, size in 0..5u64 << 28) {
        let expected = model::pages(input.addr, input.phys, size, 12);
        let plan = Plan::new(input.addr, input.phys, size, 30);
        let (mut pages, mut refusals) = (vec![], refusals);
        let mut refuse = || {
            refusals = refusals.rotate_left(1);
            refusals & 1 == 1
        };
        fill(plan, 31, &mut refuse, &mut pages);
        let mut done = 0;
        let (first, phys) = (u128::from(input.addr) & !0xfff, u128::from(input.phys) & !0xfff);
        for page in pages {
            prop_assert_eq!((page.addr, page.phys), (first + done, phys + done));
            done += page.bytes;
        }
        prop_assert_eq!(done, expected.left());
    }
}
