// SPDX-License-Identifier: GPL-2.0

//! What is said of many measurements, in integers. Pure logic: `selftests/host` tests it.
//!
//! A percentile is the least value that as many are not above (nearest rank). Nothing is averaged:
//! a value that is told was measured.

/// What is told of the values of a series.
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

/// Smallest first, in place and without recursion (heapsort): the standard library's sort brings code
/// into a module that objtool takes for broken.
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

/// Makes a heap of the values from `root` on, of which all but `root` are in order.
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

/// The value of which `percent` in a hundred are not above; 0 where there are none.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

impl Summary {
    /// Of these values, which are not the same afterwards.
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

/// How often one takes what another takes, in millionths: the median of the pairs, and between which
/// two it lies in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) median: u64,
    pub(crate) low: u64,
    pub(crate) high: u64,
}

/// A pair as a ratio in millionths; `None` where nothing is left of `base`.
pub(crate) fn ratio(value: u64, base: u64) -> Option<u64> {
    value.checked_mul(1_000_000)?.checked_div(base)
}

/// Fewer pairs say nothing about 95 cases of 100.
pub(crate) const FEWEST: usize = 6;

impl Ratio {
    /// Of ratios of pairs, which are in order afterwards. `None` where there are too few.
    ///
    /// The interval is that of the sign test: whatever the distribution, each pair is above the
    /// median or below it with the same chance, so that the k-th from either end leaves the median
    /// out as seldom as k coins of n fall on one side.
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

/// Up to this many, ranks are exact.
const EXACT: usize = 120;

/// Which ones from either end, counted from 1, enclose the median of `n` in 95 of 100 cases.
pub(crate) fn rank(n: usize) -> Option<usize> {
    if n < FEWEST {
        return None;
    }
    match RANKS.get(n) {
        Some(&rank) => Some(rank.into()),
        // (n - 1.96 * sqrt(n)) / 2, rounded towards the end. `root` is a hundred times the root.
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

/// The largest k of which 2 * (C(n, 0) + ... + C(n, k - 1)) is at most 5 hundredths of 2^n.
const fn exact_rank(n: u128) -> u8 {
    let (mut k, mut choose, mut sum) = (0, 1, 1);
    while sum * 40 <= 1 << n {
        choose = choose * (n - k) / (k + 1);
        sum += choose;
        k += 1;
    }
    k as u8
}
