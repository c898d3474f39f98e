// SPDX-License-Identifier: GPL-2.0

//! Results: what was measured, what it says, and whether it can be believed.

mod batch;
mod machine;
mod measurement;
mod observed;
pub(crate) mod output;
mod row;
mod verdict;

pub(crate) use batch::{Batch, Batches, EmptyBatches, Side};
pub(crate) use machine::Machine;
pub(crate) use measurement::Measurement;
pub(crate) use observed::{Observed, Observer};
pub(crate) use row::{Row, Subject};
