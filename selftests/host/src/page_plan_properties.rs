// SPDX-License-Identifier: GPL-2.0

//! Properties of every plan, one by one.

use crate::cases::{config, input, Input};
use crate::mm::page_plan::{Plan, Run};
use crate::model;
use crate::page_plan_grid::compare;
use proptest::prelude::*;

/// More runs than any input has. A plan that never ends must fail before it takes all memory.
const TOO_MANY: usize = 1 << 18;

fn plan(input: Input) -> Vec<Run> {
    let plan = Plan::new(input.addr, input.phys, input.size, input.max_shift);
    let runs: Vec<Run> = plan.take(TOO_MANY).collect();
    assert_ne!(runs.len(), TOO_MANY);
    runs
}

fn bytes(run: &Run) -> u128 {
    u128::from(run.count) << run.shift
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn plan_equals_the_model(input in input()) {
        compare(input.addr, input.phys, input.size, input.max_shift, usize::MAX);
    }

    #[test]
    fn plan_covers_every_byte_once_and_none_beyond(input in input()) {
        let expected = model::pages(input.addr, input.phys, input.size, input.max_shift);
        let (first, phys) = (u128::from(input.addr) & !0xfff, u128::from(input.phys) & !0xfff);
        let mut done = 0;
        for run in plan(input) {
            // Each run begins where the one before ended.
            prop_assert_eq!(u128::from(run.addr), first + done);
            prop_assert_eq!(u128::from(run.phys), phys + done);
            done += bytes(&run);
        }
        prop_assert_eq!(done, expected.left());
        prop_assert!(done <= u128::from(input.size));
        prop_assert!(first + done < model::TOP && phys + done < model::TOP);
    }

    #[test]
    fn plan_takes_the_largest_page_that_fits(input in input()) {
        let mut left = model::pages(input.addr, input.phys, input.size, 12).left();
        for run in plan(input) {
            for index in 0..u128::from(run.count) {
                let done = index << run.shift;
                let (addr, phys) = (u128::from(run.addr) + done, u128::from(run.phys) + done);
                for larger in [21, 30].into_iter().filter(|&s| s > run.shift && s <= input.max_shift) {
                    let page = 1u128 << larger;
                    prop_assert!(addr % page != 0 || phys % page != 0 || left - done < page);
                }
                prop_assert!(addr % (1 << run.shift) == 0 && phys % (1 << run.shift) == 0);
            }
            left -= bytes(&run);
        }
    }

    #[test]
    fn plan_respects_max_shift(input in input()) {
        for run in plan(input) {
            prop_assert!([12, 21, 30].contains(&run.shift));
            prop_assert!(run.shift <= input.max_shift.max(12));
        }
    }

    #[test]
    fn runs_stay_in_one_table(input in input()) {
        for run in plan(input) {
            let first = run.addr >> run.shift;
            prop_assert!((1..=512).contains(&run.count));
            prop_assert_eq!(first >> 9, (first + run.count - 1) >> 9);
        }
    }

    #[test]
    fn runs_are_as_long_as_possible(input in input()) {
        for pair in plan(input).windows(2) {
            let ends_table = (pair[0].addr >> pair[0].shift) % 512 + pair[0].count == 512;
            prop_assert!(ends_table || pair[0].shift != pair[1].shift);
        }
    }
}
