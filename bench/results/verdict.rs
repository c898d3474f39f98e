// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Whether a result can be believed.

use super::{machine::Machine, measurement::Comparison, observed::Observed};
use crate::harness::division::divide;

/// Whether a result can be believed, and if not, why.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Measured,
    Inconclusive(&'static str),
    NotRun(&'static str),
}

impl Verdict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Inconclusive(_) => "inconclusive",
            Self::NotRun(_) => "not run",
        }
    }

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Measured => "",
            Self::Inconclusive(reason) | Self::NotRun(reason) => reason,
        }
    }

    /// Judges a side whose batches have a median of `median` ticks. `control` compares C with C.
    pub(super) fn of(
        machine: &Machine,
        observed: &Observed,
        control: &Comparison,
        side: &Comparison,
        median: u64,
    ) -> Self {
        let ticks_per_ms = u64::from(machine.khz);
        // In nanoseconds and ticks of a millisecond.
        let (steal, _) = divide(observed.steal_ns.saturating_mul(ticks_per_ms), 1_000_000);
        let Some(control) = control.ratio else {
            return Self::Inconclusive("too few batches or too few ticks in each");
        };
        if !machine.constant_rate {
            return Self::Inconclusive("the rate of the clock is not constant");
        }
        if observed.migrated {
            return Self::Inconclusive("migrated to another CPU");
        }
        if steal > divide(observed.elapsed, 200).0 {
            return Self::Inconclusive("the hypervisor stole time");
        }
        // In batches of a quarter of a millisecond, disturbances weigh less than what the control may
        // be off, and few of them fall into a short part.
        if !side.undisturbed && median < ticks_per_ms / 4 {
            return Self::Inconclusive("disturbed by interrupts or other tasks");
        }
        if !(990_000..=1_010_000).contains(&control.median) {
            return Self::Inconclusive("C against C is not 1.00 +- 0.01");
        }
        // Such a median may be 1 by chance.
        if control.low < 900_000 || control.high > 1_100_000 {
            return Self::Inconclusive("C against C varies by more than 0.1");
        }
        Self::Measured
    }
}
