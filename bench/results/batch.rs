// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Batches of the sides.

use crate::harness::timing::Ticks;
use kernel::{alloc::KVVec, prelude::*};

/// Those that take turns. C runs twice, as two sides of their own: C against C must come out as 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    C,
    CRepeat,
    Ours,
    /// Of workloads of which the kernel crate has the like.
    KernelCrate,
}

impl Side {
    pub(crate) const ALL: [Self; 4] = [Self::C, Self::CRepeat, Self::Ours, Self::KernelCrate];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::CRepeat => "c again",
            Self::Ours => "ours",
            Self::KernelCrate => "kernel crate",
        }
    }
}

/// A batch of one side.
#[derive(Clone, Copy, Default)]
pub(crate) struct Batch {
    /// Less those of an empty batch.
    pub(crate) ticks: Ticks,
    /// Whether an interrupt came or another task ran.
    pub(crate) disturbed: bool,
}

/// The batches of all sides, in the order in which they ran.
pub(crate) struct Batches {
    c: KVVec<Batch>,
    c_repeat: KVVec<Batch>,
    ours: KVVec<Batch>,
    kernel_crate: KVVec<Batch>,
}

impl Batches {
    /// Makes room for `count` of each side.
    pub(crate) fn with_capacity(count: usize) -> Result<Self> {
        Ok(Self {
            c: KVVec::with_capacity(count, GFP_KERNEL)?,
            c_repeat: KVVec::with_capacity(count, GFP_KERNEL)?,
            ours: KVVec::with_capacity(count, GFP_KERNEL)?,
            kernel_crate: KVVec::new(),
        })
    }

    pub(crate) fn push(&mut self, side: Side, batch: Batch) -> Result {
        let batches = match side {
            Side::C => &mut self.c,
            Side::CRepeat => &mut self.c_repeat,
            Side::Ours => &mut self.ours,
            Side::KernelCrate => &mut self.kernel_crate,
        };
        Ok(batches.push(batch, GFP_KERNEL)?)
    }

    pub(crate) fn of(&self, side: Side) -> &[Batch] {
        match side {
            Side::C => &self.c,
            Side::CRepeat => &self.c_repeat,
            Side::Ours => &self.ours,
            Side::KernelCrate => &self.kernel_crate,
        }
    }

    /// Merges the batches of another thread that ran at the same time: the slower one of two counts.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (batches, others) in [
            (&mut self.c, &other.c),
            (&mut self.c_repeat, &other.c_repeat),
            (&mut self.ours, &other.ours),
            (&mut self.kernel_crate, &other.kernel_crate),
        ] {
            for (batch, other) in batches.iter_mut().zip(others.iter()) {
                if other.ticks.all() > batch.ticks.all() {
                    batch.ticks = other.ticks;
                }
                batch.disturbed |= other.disturbed;
            }
        }
    }
}

/// What an empty batch takes, which is subtracted from each batch.
#[derive(Clone, Copy)]
pub(crate) struct EmptyBatches {
    pub(crate) c: Ticks,
    /// Of both sides in Rust.
    pub(crate) rust: Ticks,
}

impl EmptyBatches {
    /// Longer than any.
    pub(crate) const LONGEST: Self = {
        let ticks = Ticks {
            map: u64::MAX,
            unmap: u64::MAX,
        };
        Self {
            c: ticks,
            rust: ticks,
        }
    };

    pub(crate) fn keep_shorter(&mut self, other: Self) {
        self.c = self.c.min(other.c);
        self.rust = self.rust.min(other.rust);
    }

    pub(crate) fn of(&self, side: Side) -> Ticks {
        match side {
            Side::C | Side::CRepeat => self.c,
            Side::Ours | Side::KernelCrate => self.rust,
        }
    }
}
