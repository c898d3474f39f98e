// SPDX-License-Identifier: GPL-2.0

//! The benchmark's statistics against what their definitions say.

use crate::stats::*;
use proptest::prelude::*;

/// The least of the values that at least `percent` in a hundred are not above.
fn percentile(values: &[u64], percent: usize) -> u64 {
    let enough = |&value: &u64| {
        values.iter().filter(|&&other| other <= value).count() * 100 >= values.len() * percent
    };
    values.iter().copied().filter(enough).min().unwrap_or(0)
}

/// The chance that fewer than `k` coins of `n` show heads.
fn chance(n: usize, k: usize) -> f64 {
    let (mut log, mut sum) = (-(n as f64) * 2f64.ln(), 0.0);
    for i in 0..k {
        sum += log.exp();
        log += ((n - i) as f64 / (i + 1) as f64).ln();
    }
    sum
}

proptest! {
    #[test]
    fn a_summary_is_what_it_is_defined_to_be(
        values in prop::collection::vec(prop_oneof![0u64..20, any::<u64>()], 0..200),
    ) {
        let mut sorted = values.clone();
        let summary = Summary::new(&mut sorted);
        let p50 = percentile(&values, 50);
        let distances: Vec<u64> = values.iter().map(|value| value.abs_diff(p50)).collect();
        let expected = Summary {
            n: values.len(),
            min: values.iter().copied().min().unwrap_or(0),
            p50,
            p90: percentile(&values, 90),
            p99: percentile(&values, 99),
            max: values.iter().copied().max().unwrap_or(0),
            mad: percentile(&distances, 50),
        };
        prop_assert_eq!(summary, expected);
    }

    #[test]
    fn a_ratio_lies_within_its_interval(
        values in prop::collection::vec(any::<u64>(), FEWEST..300),
    ) {
        let mut sorted = values.clone();
        let ratio = Ratio::new(&mut sorted).unwrap();
        prop_assert!(ratio.low <= ratio.median && ratio.median <= ratio.high);
        prop_assert_eq!(ratio.median, percentile(&values, 50));
        let rank = rank(values.len()).unwrap();
        prop_assert_eq!(values.iter().filter(|&&value| value < ratio.low).count() < rank, true);
        prop_assert_eq!(values.iter().filter(|&&value| value > ratio.high).count() < rank, true);
    }

    #[test]
    fn a_pair_is_rounded_down(value in 0u64..1 << 44, base: u64) {
        match ratio(value, base) {
            None => prop_assert_eq!(base, 0),
            Some(ratio) => prop_assert_eq!(
                u128::from(ratio),
                u128::from(value) * 1_000_000 / u128::from(base)
            ),
        }
    }
}

#[test]
fn an_interval_leaves_the_median_out_in_five_cases_of_a_hundred() {
    for n in FEWEST..3000 {
        let rank = rank(n).unwrap();
        assert!(rank >= 1 && rank <= n / 2, "{n}: {rank}");
        assert!(2.0 * chance(n, rank) <= 0.05, "{n}: {rank} is too narrow");
        // Nor is it much wider than it has to be: exact up to 120, by one or two ranks above.
        let slack = if n <= 120 { 1 } else { 3 };
        assert!(
            2.0 * chance(n, rank + slack) > 0.05,
            "{n}: {rank} is too wide"
        );
    }
}

#[test]
fn too_few_have_no_interval() {
    for n in 0..FEWEST {
        assert_eq!(rank(n), None);
        assert_eq!(Ratio::new(&mut vec![1; n]), None);
    }
}

#[test]
fn what_does_not_fit_has_no_ratio() {
    assert_eq!(ratio(u64::MAX, 1), None);
    assert_eq!(ratio(1, 0), None);
}
