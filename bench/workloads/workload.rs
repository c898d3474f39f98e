// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What a workload is.

use crate::harness::{
    c,
    claim::Claim,
    fixture::{Fixture, Plan, Target, PAGE},
    ours::maps,
    timing::Ticks,
};
use io_mapping_rs::Strategy;
use kernel::prelude::*;

/// What C's side and ours do.
#[derive(Clone, Copy)]
pub(crate) enum Sides {
    /// A call that maps and one that unmaps, each timed by itself.
    Calls(c::TimedCalls, fn(&Fixture<'_>) -> Result<Ticks>),
    /// A loop, timed as a whole.
    Loop(c::TimedLoop, fn(&Fixture<'_>, &mut [u8]) -> Result<u64>),
}

/// What a side in Rust does, as in [`Sides`].
#[derive(Clone, Copy)]
pub(crate) enum RustSide {
    Calls(fn(&Fixture<'_>) -> Result<Ticks>),
    Loop(fn(&Fixture<'_>, &mut [u8]) -> Result<u64>),
}

impl RustSide {
    /// Runs a batch.
    ///
    /// # Errors
    ///
    /// That of the operation that failed.
    pub(crate) fn run(self, fixture: &Fixture<'_>, data: &mut [u8]) -> Result<Ticks> {
        match self {
            Self::Calls(run) => run(fixture),
            Self::Loop(run) => Ok(Ticks::of_loop(run(fixture, data)?)),
        }
    }
}

/// An operation that is measured, on one strategy of apertures.
///
/// # Invariants
///
/// C's sides are for the target.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// What it does, in a few words. Of workloads with the same name only the first has it.
    pub(super) about: &'static str,
    pub(crate) target: Target,
    /// The strategy of our aperture; [`Strategy::Auto`] where there is none.
    pub(crate) strategy: Strategy,
    /// In bytes, where a spec names none. If empty, the size is always that of the range.
    pub(crate) sizes: &'static [u64],
    pub(crate) sides: Sides,
    /// The kernel crate's side, if it has the like.
    pub(crate) kernel_crate: Option<RustSide>,
    /// The C functions that C's side calls.
    pub(crate) c_calls: &'static str,
    /// What is subtracted from the calls of both sides, instead of what reading the clock takes.
    pub(crate) c_overhead: Option<c::TimedCalls>,
    /// Rounds of a batch; of a workload that transfers bytes, how many bytes a batch transfers.
    pub(super) rounds: usize,
    /// Offsets in memory and ports are less than this.
    pub(super) offset_bound: u64,
    /// How many pages beside the range each side has mapped meanwhile.
    pub(super) others: usize,
    /// Whether batches run with interrupts off.
    pub(crate) irqs_off: bool,
    /// Whether the size is that of a transfer, rather than that of a mapping.
    pub(crate) transfers: bool,
    /// The size must be a multiple of so many pages.
    pub(crate) pages: u64,
    /// Whether C's side maps the whole size at once.
    pub(crate) c_maps_whole: bool,
    /// Whether our aperture has its chunks before the first batch.
    pub(super) premade_chunks: bool,
    /// The driver on the C API, where that is our side.
    pub(super) c_api: Option<fn() -> &'static c::Driver>,
    /// Whether it runs on one CPU, then on two at once and so on, where a spec does not say.
    pub(crate) scales: bool,
}

impl Workload {
    /// The values that all workloads begin with.
    // INVARIANT: An empty loop is for any target.
    pub(super) const BASE: Self = Self {
        name: "",
        about: "",
        target: Target::Range,
        strategy: Strategy::Auto,
        sizes: &[],
        sides: Sides::Loop(c::iomrs_b_empty, maps::empty),
        kernel_crate: None,
        c_calls: "",
        c_overhead: None,
        rounds: 1,
        offset_bound: 0,
        others: 0,
        irqs_off: false,
        transfers: false,
        pages: 1,
        c_maps_whole: true,
        premade_chunks: false,
        c_api: None,
        scales: false,
    };

    /// Returns what its fixture is made of, for a `size` as a spec or `sizes` has it.
    ///
    /// # Errors
    ///
    /// `EOVERFLOW` where the size is larger than an address can be.
    pub(crate) fn plan(&self, claim: &Claim, size: u64) -> Result<Plan> {
        let bytes = usize::try_from(if self.transfers { size } else { PAGE })?;
        let size = match self.target {
            Target::Range | Target::Bar | Target::Aperture => size,
            Target::Memory | Target::Revocable => size
                .checked_add(self.offset_bound)
                .and_then(|end| end.checked_next_multiple_of(PAGE))
                .ok_or(EOVERFLOW)?,
            Target::Ports => claim.size(),
        };
        Ok(Plan {
            target: self.target,
            size,
            strategy: self.strategy,
            premade_chunks: self.premade_chunks,
            c_aperture: self.target == Target::Aperture && self.c_maps_whole,
            rounds: self.rounds(bytes),
            offset_bound: self.offset_bound,
            c_api: self.c_api,
            others: self.others,
            bytes,
        })
    }

    /// Returns our side.
    pub(crate) fn ours(&self) -> RustSide {
        match self.sides {
            Sides::Calls(_, ours) => RustSide::Calls(ours),
            Sides::Loop(_, ours) => RustSide::Loop(ours),
        }
    }

    /// Returns the rounds of a batch of which each transfers `bytes`.
    fn rounds(&self, bytes: usize) -> usize {
        if self.transfers {
            (self.rounds / bytes.max(1)).max(1)
        } else {
            self.rounds
        }
    }

    /// Whether a transfer of `size` bytes keeps interrupts off for too long.
    pub(crate) fn is_too_long(&self, size: u64) -> bool {
        self.transfers && self.irqs_off && size > self.rounds as u64
    }

    /// Whether our side has entries for the whole size at once.
    pub(crate) fn maps_whole(&self) -> bool {
        self.strategy != Strategy::Sparse
    }

    /// Returns the strategy as specs and results name it.
    pub(crate) fn strategy_name(&self) -> &'static str {
        match self.strategy {
            Strategy::Auto => "none",
            Strategy::Whole => "whole",
            Strategy::Sparse => "sparse",
        }
    }
}
