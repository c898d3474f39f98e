// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Statistics of many measurements, in integers. Pure logic: `selftests/host` tests it.
//!
//! Percentiles are by nearest rank: the smallest value that is not exceeded by so many. Nothing is
//! averaged, so that each value in the results has been measured.

use super::division::divide;

/// A summary of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) n: usize,
    pub(crate) min: u64,
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
    /// The median of the distances from the median.
    pub(crate) mad: u64,
}

/// Sorts by heapsort. `sort_unstable()` of 64-bit numbers calls a function of `core` that never returns.
/// objtool does not know that function, and warns that the code "falls through to next function".
fn sort(values: &mut [u64]) {
    for root in (0..values.len() / 2).rev() {
        sift_down(values, root);
    }
    for end in (1..values.len()).rev() {
        values.swap(0, end);
        if let Some(rest) = values.get_mut(..end) {
            sift_down(rest, 0);
        }
    }
}

/// Makes a heap of the values from `root` on. All but the one at `root` are a heap already.
fn sift_down(values: &mut [u64], mut root: usize) {
    loop {
        let left = 2 * root + 1;
        let larger = if values.get(left + 1) > values.get(left) {
            left + 1
        } else {
            left
        };
        // None is less than any.
        if values.get(larger) <= values.get(root) {
            return;
        }
        values.swap(root, larger);
        root = larger;
    }
}

/// Returns the smallest value that `percent` of 100 values do not exceed; 0 where there are no values.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

impl Summary {
    /// Summarizes the values, and overwrites them.
    pub(crate) fn new(values: &mut [u64]) -> Self {
        sort(values);
        let mut this = Self {
            n: values.len(),
            min: percentile(values, 0),
            p50: percentile(values, 50),
            p90: percentile(values, 90),
            p99: percentile(values, 99),
            max: percentile(values, 100),
            mad: 0,
        };
        for value in values.iter_mut() {
            *value = value.abs_diff(this.p50);
        }
        sort(values);
        this.mad = percentile(values, 50);
        this
    }
}

/// How much one takes compared with another, in millionths: the median of the ratios of pairs, and its
/// confidence interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) median: u64,
    pub(crate) low: u64,
    pub(crate) high: u64,
}

/// Returns `value / base` in millionths; `None` where `base` is 0 or the ratio is too large.
pub(crate) fn ratio(value: u64, base: u64) -> Option<u64> {
    let millionths = value.checked_mul(1_000_000)?;
    (base != 0).then(|| divide(millionths, base).0)
}

/// With fewer pairs there is no interval of 95 %.
pub(crate) const FEWEST: usize = 6;

impl Ratio {
    /// Sorts the ratios of pairs and returns their median; `None` where there are too few.
    ///
    /// The interval is that of the sign test. Whatever the distribution, each ratio is above the true
    /// median or below it with the same chance. So the interval from the k-th smallest to the k-th
    /// largest misses it as rarely as fewer than k of n coins show heads, or fewer than k show tails.
    pub(crate) fn new(ratios: &mut [u64]) -> Option<Self> {
        sort(ratios);
        let rank = rank(ratios.len())?;
        Some(Self {
            median: percentile(ratios, 50),
            low: *ratios.get(rank - 1)?,
            high: *ratios.get(ratios.len() - rank)?,
        })
    }
}

/// Ranks are exact up to so many values.
const EXACT: usize = 120;

/// Returns which values from either end, counted from 1, enclose the median of `n` in 95 of 100 cases.
pub(crate) fn rank(n: usize) -> Option<usize> {
    if n < FEWEST {
        return None;
    }
    match RANKS.get(n) {
        Some(&rank) => Some(rank.into()),
        // (n - 1.96 * sqrt(n)) / 2, rounded down. `root` is a hundred times the square root.
        None => {
            let root = (n * 10_000).isqrt() + 1;
            Some(n.saturating_sub((root * 196).div_ceil(10_000)) / 2)
        }
    }
}

const RANKS: [u8; EXACT + 1] = ranks();

#[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
const fn ranks() -> [u8; EXACT + 1] {
    let mut ranks = [0; EXACT + 1];
    let mut n = FEWEST;
    while n <= EXACT {
        ranks[n] = exact_rank(n as u128);
        n += 1;
    }
    ranks
}

/// Returns the largest k for which 2 * (C(n, 0) + ... + C(n, k - 1)) is at most 5 % of 2^n.
const fn exact_rank(n: u128) -> u8 {
    let (mut k, mut choose, mut sum) = (0, 1, 1);
    while sum * 40 <= 1 << n {
        choose = choose * (n - k) / (k + 1);
        sum += choose;
        k += 1;
    }
    k as u8
}
