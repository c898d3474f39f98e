// SPDX-License-Identifier: GPL-2.0

//! The benchmark's division bit by bit, beside Rust's own.

use crate::division::{divide, long_division};
use proptest::prelude::*;

fn compare(value: u64, by: u64) {
    let expected = (value / by, value % by);
    assert_eq!(long_division(value, by), expected, "{value} / {by}");
    assert_eq!(divide(value, by), expected, "{value} / {by}");
}

#[test]
fn edges() {
    let near = |number: u64| [number.wrapping_sub(1), number, number.wrapping_add(1)];
    let numbers: Vec<u64> = (0..64).flat_map(|shift| near(1 << shift)).collect();
    for &value in &numbers {
        assert_eq!(divide(value, 0), (u64::MAX, value));
        for &by in numbers.iter().filter(|&&by| by != 0) {
            compare(value, by);
        }
    }
}

proptest! {
    #[test]
    fn any_numbers(value: u64, by in 1..=u64::MAX, shift in 0..64u32) {
        compare(value, (by >> shift).max(1));
    }
}
