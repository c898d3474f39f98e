// SPDX-License-Identifier: GPL-2.0

//! All of the benchmark but its files in debugfs: from a spec to rows. The selftests include this file,
//! too, for their suite `iomrs_timing`.

#[path = "arch/mod.rs"]
mod arch;
#[path = "bench.rs"]
pub(crate) mod bench;
#[path = "c/mod.rs"]
mod c;
#[path = "c_side.rs"]
mod c_side;
#[path = "claim.rs"]
mod claim;
#[path = "division.rs"]
mod division;
#[path = "fixture.rs"]
mod fixture;
#[path = "jobs.rs"]
mod jobs;
#[path = "kernel_crate/mod.rs"]
mod kernel_crate;
#[path = "not_run.rs"]
mod not_run;
#[path = "ours/mod.rs"]
mod ours;
#[path = "random.rs"]
pub(crate) mod random;
#[path = "results/mod.rs"]
pub(crate) mod results;
#[path = "runner/mod.rs"]
mod runner;
#[path = "spec.rs"]
mod spec;
#[path = "stats.rs"]
mod stats;
#[path = "status.rs"]
mod status;
#[path = "timing.rs"]
mod timing;
#[path = "workloads/mod.rs"]
pub(crate) mod workloads;
