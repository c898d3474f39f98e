// SPDX-License-Identifier: GPL-2.0

//! Random numbers in decimal, beside Rust's own.

use crate::decimal::Decimal;
use proptest::prelude::*;

fn compare(number: u64) {
    assert_eq!(Decimal(number).to_string(), number.to_string());
}

#[test]
fn edges() {
    compare(0);
    let tens = std::iter::successors(Some(1u64), |power| power.checked_mul(10));
    let twos = (0..64).map(|shift| 1u64 << shift);
    for power in tens.chain(twos) {
        compare(power - 1);
        compare(power);
        compare(power + 1);
    }
    compare(u64::MAX);
}

proptest! {
    #[test]
    fn any_number(number: u64, shift in 0..64u32) {
        compare(number >> shift);
    }
}
