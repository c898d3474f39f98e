// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The rows of the results.

use super::{
    batch::Side,
    machine::Machine,
    measurement::{Measurement, Phase},
    observed::Observed,
    verdict::Verdict,
};
use crate::harness::{
    division::divide,
    stats::{Ratio, Summary},
    workloads::{Sides, Workload},
};
use kernel::{alloc::KVVec, prelude::*};

/// What a row is about.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) workload: &'static Workload,
    pub(crate) size: u64,
    pub(crate) cpus: u32,
}

/// A row of the results: a side in a phase.
pub(crate) struct Row {
    pub(crate) subject: Subject,
    pub(crate) phase: Phase,
    pub(crate) side: Side,
    pub(crate) verdict: Verdict,
    /// Operations in a batch.
    pub(super) rounds: usize,
    /// The summary of the ticks of all batches.
    pub(crate) summary: Summary,
    /// The ticks of an empty batch. They have been subtracted from all others.
    pub(super) empty: u64,
    /// How much the side takes compared with C.
    pub(crate) ratio: Option<Ratio>,
    /// How many pairs of batches the ratio is of.
    pub(super) pairs: usize,
    pub(super) observed: Observed,
    /// Ticks of each batch.
    pub(super) samples: KVVec<u64>,
}

impl Row {
    /// Returns the ticks of a batch for one operation, in thousandths; `None` where it was not run.
    pub(crate) fn per_operation(&self, ticks: u64) -> Option<u64> {
        match self.summary.n {
            0 => None,
            _ => Some(divide(ticks.saturating_mul(1000), (self.rounds as u64).max(1)).0),
        }
    }

    /// Adds the rows of a measurement: one for each side. Where two calls are timed, each of them has a
    /// row, too.
    pub(crate) fn add_all(
        measurement: &Measurement,
        subject: Subject,
        machine: &Machine,
        rows: &mut KVVec<Self>,
    ) -> Result {
        let phases: &[Phase] = match subject.workload.sides {
            Sides::Calls(..) => &[Phase::All, Phase::Map, Phase::Unmap],
            Sides::Loop(..) => &[Phase::All],
        };
        for &phase in phases {
            for side in Side::ALL {
                if measurement.batches.of(side).is_empty() {
                    continue;
                }
                let row = Self::new(measurement, subject, machine, side, phase)?;
                rows.push(row, GFP_KERNEL)?;
            }
        }
        Ok(())
    }

    fn new(
        measurement: &Measurement,
        subject: Subject,
        machine: &Machine,
        side: Side,
        phase: Phase,
    ) -> Result<Self> {
        let observed = measurement.observed;
        let control = measurement.compare(Side::CRepeat, phase)?;
        let comparison = measurement.compare(side, phase)?;
        let median = measurement.median(side)?;
        Ok(Self {
            subject,
            phase,
            side,
            verdict: Verdict::of(machine, &observed, &control, &comparison, median),
            rounds: measurement.rounds,
            summary: Summary::new(&mut measurement.samples(side, phase)?),
            empty: phase.of(measurement.empty.of(side)),
            ratio: comparison.ratio,
            pairs: comparison.pairs,
            observed,
            samples: measurement.samples(side, phase)?,
        })
    }

    /// Returns the row of a side that was not run, with the reason.
    pub(crate) fn not_run(subject: Subject, side: Side, reason: &'static str) -> Self {
        Self {
            subject,
            phase: Phase::All,
            side,
            verdict: Verdict::NotRun(reason),
            rounds: 0,
            summary: Summary::default(),
            empty: 0,
            ratio: None,
            pairs: 0,
            observed: Observed::default(),
            samples: KVVec::new(),
        }
    }
}
