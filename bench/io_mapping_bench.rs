// SPDX-License-Identifier: GPL-2.0

//! A benchmark of `io_mapping_rs` beside C's `io_mapping`, `ioremap`, accessors and copies.
//!
//! Its files are in `/sys/kernel/debug/io_mapping_rs/bench/`, for root. A spec that is written to
//! `run` says what to measure; `status`, `results`, `results.csv` and `samples` tell what came out. It
//! overwrites the range that the spec names.
//!
//! From the top down:
//!
//! ```text
//! files.rs      the files in debugfs
//! harness.rs    all that follows, which the selftests include, too
//! bench.rs      one run at a time; status.rs: what the file status shows
//! jobs.rs       the jobs of a spec; not_run.rs: why a job cannot run
//! runner/       runs the batches of a job, its sides in turns
//! results/      rows, whether they can be believed, CSV and JSON
//! workloads/    what can be measured: three tables
//! ours/         our side: ranges, maps of an aperture, accesses
//! kernel_crate/ the kernel crate's side, where it has the like
//! fixture.rs    what a workload works on
//! claim.rs      the right to overwrite the range
//! c/            C's side in files of the same names; what else is in C
//! timing.rs     loops that are timed
//! arch/         the clock, and what else differs by architecture
//! spec.rs       parses what is written to run           pure logic, tested on the host
//! division.rs   division in 64 bits                     pure logic, tested on the host
//! stats.rs      percentiles, ratios, intervals          pure logic, tested on the host
//! random.rs     pseudo-random numbers, which the selftests use, too
//! report/       plots and a page of the results, made on the host; answer.py: what it begins with,
//!               reasons.py: why ours takes more
//! run-local     the benchmark on this machine's own kernel
//! ```

use harness::bench::Bench;
use io_mapping_rs::debugfs::files::{Directory, TextFiles};
use kernel::{prelude::*, sync::Arc};

mod files;
mod harness;

module! {
    type: Module,
    name: "io_mapping_bench",
    authors: ["The io-mapping-rs authors"],
    description: "Benchmark of io_mapping_rs beside C's io_mapping and ioremap",
    license: "GPL",
}

struct Module {
    _files: TextFiles<Arc<Bench>>,
}

impl kernel::Module for Module {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let bench = Arc::pin_init(Bench::new(), GFP_KERNEL)?;
        // SAFETY: This module uses the library, which is therefore unloaded later, and its directory
        // removed later.
        let directory = unsafe { Directory::new_below(c"bench", c"io_mapping_rs") };
        Ok(Self {
            _files: files::new(directory, bench)?,
        })
    }
}
