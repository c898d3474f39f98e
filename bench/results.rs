// SPDX-License-Identifier: GPL-2.0

//! Results: what was measured, what it says, and whether that can be believed.

use crate::{
    c,
    ours::ranges::Pair,
    stats::{self, Ratio, Summary},
    workloads::Workload,
};
use io_mapping_rs::{window::WINDOW, BACKEND};
use kernel::{alloc::KVVec, prelude::*};

/// One of the three that take turns: C, C again, ours. C against C must come out as 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    C = 0,
    CRepeat = 1,
    Ours = 2,
}

impl Side {
    pub(crate) const ALL: [Self; 3] = [Self::C, Self::CRepeat, Self::Ours];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::CRepeat => "c again",
            Self::Ours => "ours",
        }
    }
}

/// A batch: its ticks, less those of an empty one.
#[derive(Clone, Copy, Default)]
pub(crate) struct Batch {
    pub(crate) map: u64,
    pub(crate) unmap: u64,
    /// An interrupt came, or the task had to give up its CPU.
    pub(crate) disturbed: bool,
}

/// The part of a batch that a row is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Map,
    Unmap,
    /// Both, or a loop of both.
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

    fn of(self, (map, unmap): Pair) -> u64 {
        match self {
            Self::Map => map,
            Self::Unmap => unmap,
            Self::All => map.saturating_add(unmap),
        }
    }

    fn of_batch(self, batch: &Batch) -> u64 {
        self.of((batch.map, batch.unmap))
    }
}

/// What was seen beside the ticks while a workload ran.
#[derive(Clone, Copy, Default)]
pub(crate) struct Observed {
    pub(crate) cpu: u32,
    pub(crate) migrated: bool,
    pub(crate) interrupts: u64,
    pub(crate) switches: u64,
    pub(crate) steal_ns: u64,
    /// Ticks from the first batch to the last one.
    pub(crate) elapsed: u64,
}

/// Whether a line can be believed, and if not, why.
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
}

/// What a row is of.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) workload: &'static Workload,
    pub(crate) size: u64,
    pub(crate) cpus: u32,
}

/// One line of the results.
pub(crate) struct Row {
    pub(crate) subject: Subject,
    pub(crate) phase: Phase,
    pub(crate) side: Side,
    pub(crate) verdict: Verdict,
    /// Operations in a batch.
    pub(crate) rounds: usize,
    /// In ticks of a batch.
    pub(crate) summary: Summary,
    /// Ticks of an empty batch, already taken off.
    pub(crate) empty: u64,
    /// To C.
    pub(crate) ratio: Option<Ratio>,
    /// Pairs that the ratio is of.
    pub(crate) pairs: usize,
    pub(crate) observed: Observed,
    /// Ticks of each batch.
    pub(crate) samples: KVVec<u64>,
}

/// The batches of a workload.
pub(crate) struct Measurement {
    pub(crate) batches: [KVVec<Batch>; 3],
    pub(crate) rounds: usize,
    /// Ticks of an empty batch, in C and in ours: mapping and unmapping.
    pub(crate) empty: [Pair; 2],
    pub(crate) observed: Observed,
}

impl Measurement {
    fn of(&self, side: Side) -> &KVVec<Batch> {
        let [c, c_repeat, ours] = &self.batches;
        match side {
            Side::C => c,
            Side::CRepeat => c_repeat,
            Side::Ours => ours,
        }
    }

    /// Whether C's batch of a round and that of `side` were left alone.
    fn is_clean(&self, side: Side, round: usize) -> bool {
        let clean = |side| {
            self.of(side)
                .get(round)
                .is_some_and(|batch| !batch.disturbed)
        };
        clean(Side::C) && clean(side)
    }

    /// Ratio of `side` to C, of how many pairs, and whether those were left alone: where a quarter
    /// of them were, others do not count.
    fn ratio(&self, side: Side, phase: Phase) -> Result<(Option<Ratio>, usize, bool)> {
        let n = self.of(Side::C).len();
        let clean = (0..n).filter(|&round| self.is_clean(side, round)).count();
        let only_clean = clean >= stats::FEWEST && clean * 4 >= n;
        let mut ratios = KVVec::with_capacity(n, GFP_KERNEL)?;
        let pairs = self.of(side).iter().zip(self.of(Side::C).iter());
        for (round, (value, base)) in pairs.enumerate() {
            if only_clean && !self.is_clean(side, round) {
                continue;
            }
            match stats::ratio(phase.of_batch(value), phase.of_batch(base)) {
                Some(ratio) => ratios.push(ratio, GFP_KERNEL)?,
                None => return Ok((None, 0, only_clean)),
            }
        }
        Ok((Ratio::new(&mut ratios), ratios.len(), only_clean))
    }

    /// The median of whole batches.
    fn typical(&self, side: Side) -> Result<u64> {
        let mut whole = KVVec::with_capacity(self.of(side).len(), GFP_KERNEL)?;
        for batch in self.of(side).iter() {
            whole.push(Phase::All.of_batch(batch), GFP_KERNEL)?;
        }
        Ok(Summary::new(&mut whole).p50)
    }

    /// Whether a ratio can be believed. `control` is that of C to itself.
    fn verdict(
        &self,
        machine: &Machine,
        control: Option<Ratio>,
        only_clean: bool,
        typical: u64,
    ) -> Verdict {
        let observed = &self.observed;
        // Ticks of a millisecond.
        let khz = u64::from(machine.khz);
        let steal = observed.steal_ns / 1000 * khz / 1000;
        let Some(control) = control else {
            return Verdict::Inconclusive("too few batches or too little in them");
        };
        if !machine.constant {
            return Verdict::Inconclusive("the clock is not constant");
        }
        if observed.migrated {
            return Verdict::Inconclusive("migrated to another CPU");
        }
        if steal > observed.elapsed / 200 {
            return Verdict::Inconclusive("the hypervisor stole time");
        }
        // In a batch of a quarter of a millisecond they weigh less than the control allows, and few of
        // them fall into a short part of it.
        if !only_clean && typical < khz / 4 {
            return Verdict::Inconclusive("interrupts or other tasks");
        }
        if !(990_000..=1_010_000).contains(&control.median) {
            return Verdict::Inconclusive("C against C is not 1.00 +- 0.01");
        }
        // That it came out as 1 may be chance.
        if control.low < 900_000 || control.high > 1_100_000 {
            return Verdict::Inconclusive("C against C may be anything");
        }
        Verdict::Measured
    }

    /// The rows of a phase.
    fn add_rows(
        &self,
        machine: &Machine,
        subject: Subject,
        phase: Phase,
        rows: &mut KVVec<Row>,
    ) -> Result {
        let (control, ..) = self.ratio(Side::CRepeat, phase)?;
        for side in Side::ALL {
            let mut samples = KVVec::with_capacity(self.of(side).len(), GFP_KERNEL)?;
            let mut sorted = KVVec::with_capacity(self.of(side).len(), GFP_KERNEL)?;
            for batch in self.of(side).iter() {
                samples.push(phase.of_batch(batch), GFP_KERNEL)?;
                sorted.push(phase.of_batch(batch), GFP_KERNEL)?;
            }
            let (ratio, pairs, only_clean) = self.ratio(side, phase)?;
            let summary = Summary::new(&mut sorted);
            let typical = self.typical(side)?;
            let [empty_c, empty_ours] = self.empty;
            let row = Row {
                subject,
                phase,
                side,
                verdict: self.verdict(machine, control, only_clean, typical),
                rounds: self.rounds,
                summary,
                empty: phase.of(if side == Side::Ours {
                    empty_ours
                } else {
                    empty_c
                }),
                ratio,
                pairs,
                observed: self.observed,
                samples,
            };
            rows.push(row, GFP_KERNEL)?;
        }
        Ok(())
    }

    /// All rows: for each side what all of it takes and, where those are told apart, the parts.
    pub(crate) fn rows(
        &self,
        machine: &Machine,
        subject: Subject,
        parts: bool,
        rows: &mut KVVec<Row>,
    ) -> Result {
        self.add_rows(machine, subject, Phase::All, rows)?;
        if parts {
            self.add_rows(machine, subject, Phase::Map, rows)?;
            self.add_rows(machine, subject, Phase::Unmap, rows)?;
        }
        Ok(())
    }
}

impl Row {
    /// For what could not be run, so that it is not just missing.
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

/// What all results of a run have in common: this machine.
pub(crate) struct Machine {
    name: [u8; 12],
    virtual_machine: bool,
    /// Ticks of the clock in a millisecond. The kernel measures it once more in its first seconds,
    /// and then changes it by a little: this is what it was first.
    pub(crate) khz: u32,
    /// The clock does not follow the CPU's frequency.
    constant: bool,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let mut name = [0; 12];
        // SAFETY: Valid for 12 bytes.
        let virtual_machine = unsafe { c::iomrs_b_hypervisor(name.as_mut_ptr()) };
        for byte in &mut name {
            if !byte.is_ascii_alphanumeric() {
                *byte = b'.';
            }
        }
        Self {
            name,
            virtual_machine,
            khz: c::iomrs_b_tsc_khz(),
            // QEMU's emulation does not say so, but has no frequency.
            constant: c::iomrs_b_tsc_is_constant() || &name == b"TCGTCGTCGTCG",
        }
    }

    /// What the hypervisor calls itself.
    pub(crate) fn hypervisor(&self) -> &str {
        if !self.virtual_machine {
            return "none";
        }
        core::str::from_utf8(&self.name).unwrap_or("?")
    }

    pub(crate) fn kernel(&self) -> &str {
        // SAFETY: A string that stays.
        let release = unsafe { CStr::from_char_ptr(c::iomrs_b_kernel()) };
        release.to_str().unwrap_or("?")
    }

    pub(crate) fn backend(&self) -> &'static str {
        BACKEND
    }

    pub(crate) fn window(&self) -> &'static str {
        WINDOW
    }
}
