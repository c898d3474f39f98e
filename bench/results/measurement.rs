// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What was measured of a workload, and how its sides compare.

use super::{
    batch::{Batch, Batches, EmptyBatches, Side},
    observed::Observed,
};
use crate::harness::{
    stats::{self, Ratio, Summary},
    timing::Ticks,
};
use kernel::{alloc::KVVec, prelude::*};

/// The part of a batch that is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Map,
    Unmap,
    /// Both; of a loop, all of it.
    All,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Unmap => "unmap",
            Self::All => "all",
        }
    }

    pub(super) fn of(self, ticks: Ticks) -> u64 {
        match self {
            Self::Map => ticks.map,
            Self::Unmap => ticks.unmap,
            Self::All => ticks.all(),
        }
    }
}

/// The batches of a workload.
pub(crate) struct Measurement {
    pub(crate) batches: Batches,
    /// Rounds of a batch.
    pub(crate) rounds: usize,
    pub(crate) empty: EmptyBatches,
    pub(crate) observed: Observed,
}

/// A side compared with C.
pub(super) struct Comparison {
    /// `None` where there are too few batches, or too few ticks in one of C's.
    pub(super) ratio: Option<Ratio>,
    /// How many pairs of batches the ratio is of.
    pub(super) pairs: usize,
    /// Whether none of them was disturbed.
    pub(super) undisturbed: bool,
}

impl Measurement {
    /// Returns the ticks of each batch, in the order in which they ran.
    pub(super) fn samples(&self, side: Side, phase: Phase) -> Result<KVVec<u64>> {
        let batches = self.batches.of(side);
        let mut samples = KVVec::with_capacity(batches.len(), GFP_KERNEL)?;
        for batch in batches {
            samples.push(phase.of(batch.ticks), GFP_KERNEL)?;
        }
        Ok(samples)
    }

    /// Returns the median of whole batches.
    pub(super) fn median(&self, side: Side) -> Result<u64> {
        Ok(Summary::new(&mut self.samples(side, Phase::All)?).p50)
    }

    /// Compares each batch of a side with C's of the same round. If a quarter of these pairs were not
    /// disturbed, the others do not count.
    pub(super) fn compare(&self, side: Side, phase: Phase) -> Result<Comparison> {
        let (ours, theirs) = (self.batches.of(side), self.batches.of(Side::C));
        let is_clean = |(a, b): &(&Batch, &Batch)| !a.disturbed && !b.disturbed;
        let pairs = ours.iter().zip(theirs);
        let clean = pairs.clone().filter(is_clean).count();
        let undisturbed = clean >= stats::FEWEST && clean * 4 >= theirs.len();
        let mut ratios = KVVec::with_capacity(theirs.len(), GFP_KERNEL)?;
        for pair in pairs {
            if undisturbed && !is_clean(&pair) {
                continue;
            }
            match stats::ratio(phase.of(pair.0.ticks), phase.of(pair.1.ticks)) {
                Some(ratio) => ratios.push(ratio, GFP_KERNEL)?,
                None => {
                    ratios.clear();
                    break;
                }
            }
        }
        Ok(Comparison {
            ratio: Ratio::new(&mut ratios),
            pairs: ratios.len(),
            undisturbed,
        })
    }
}
