// SPDX-License-Identifier: GPL-2.0

//! A benchmark of `io_mapping_rs` beside C's `io_mapping`, `ioremap` and `memcpy_*io`, by debugfs.
//!
//! `/sys/kernel/debug/io_mapping_rs/bench/`, for root: a spec is written to `run`, and what came of
//! it is in `results`, `results.csv` and `samples`. It writes all over the range that it is given.
//!
//! ```text
//! spec.rs       what is written to `run`, taken apart          pure logic, tested on the host
//! stats.rs      percentiles, ratios and their intervals        likewise
//! workloads/    what can be measured: C's side beside ours
//! ours/         our side: mapping ranges and BARs, maps of an aperture, accesses
//! c/            C's side in files of the same names, the range, this machine
//! claim.rs      the range
//! fixture.rs    what a workload works on
//! ticks.rs      the clock, and what keeps the compiler from it
//! threads.rs    threads that begin each batch together
//! runner.rs     batches in turns
//! random.rs     pseudo-random numbers, the selftests' too
//! results.rs    rows, and whether they can be believed
//! output.rs     CSV, JSON, samples
//! jobs.rs       what a spec asks for, one by one
//! bench.rs      one run at a time
//! files.rs      the files in debugfs
//! ```

use io_mapping_rs::debugfs::files::{Directory, TextFiles};
use kernel::{prelude::*, sync::Arc};

mod bench;
mod c;
mod claim;
mod files;
mod fixture;
mod jobs;
mod ours;
mod output;
mod random;
mod results;
mod runner;
mod spec;
mod stats;
mod threads;
mod ticks;
mod workloads;

module! {
    type: Module,
    name: "io_mapping_bench",
    authors: ["The io-mapping-rs authors"],
    description: "Benchmark of io_mapping_rs beside C's io_mapping and ioremap",
    license: "GPL",
}

struct Module {
    _files: TextFiles<Arc<bench::Bench>>,
}

impl kernel::Module for Module {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let bench = Arc::pin_init(bench::Bench::new(), GFP_KERNEL)?;
        // SAFETY: We use the library, so that it is unloaded, and its directory removed, after us.
        let directory = unsafe { Directory::new_below(c"bench", c"io_mapping_rs") };
        Ok(Self {
            _files: files::new(directory, bench)?,
        })
    }
}
