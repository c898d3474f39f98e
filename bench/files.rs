// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The files of `/sys/kernel/debug/io_mapping_rs/bench/`.

use crate::harness::{bench::Bench, results::output, workloads};
use io_mapping_rs::debugfs::files::{Directory, Text, TextFile, TextFiles};
use kernel::{fmt::Write, prelude::*, sync::Arc};

/// Makes the files, which are there until the returned value is dropped.
pub(crate) fn new(directory: Directory, bench: Arc<Bench>) -> Result<TextFiles<Arc<Bench>>> {
    let files = TextFiles::new(directory, bench)?;
    files.add::<Run>();
    files.add::<Status>();
    files.add::<Results>();
    files.add::<ResultsCsv>();
    files.add::<Samples>();
    Ok(files)
}

/// Runs the spec that is written, and returns when that is done. See `spec.rs`.
struct Run;

#[vtable]
impl TextFile<Arc<Bench>> for Run {
    const NAME: &'static CStr = c"run";

    fn show(_: &Arc<Bench>, out: &mut Text) -> Result {
        writeln!(
            out,
            "NAME[,NAME]...|all|list [range=0000:00:02.0/2|range=0xADDRESS+SIZE reserved] \
             [size=4K,2M] [strategy=whole|sparse|both] [cpus=N|all] [batches=N] [keep]"
        )?;
        workloads::list(out)
    }

    fn store(bench: &Arc<Bench>, text: &str) -> Result {
        bench.run(text)
    }
}

/// Shows what the benchmark does, and what was wrong with the last spec.
struct Status;

#[vtable]
impl TextFile<Arc<Bench>> for Status {
    const NAME: &'static CStr = c"status";

    fn show(bench: &Arc<Bench>, out: &mut Text) -> Result {
        bench.show_status(out)
    }
}

/// Shows the results as JSON.
struct Results;

#[vtable]
impl TextFile<Arc<Bench>> for Results {
    const NAME: &'static CStr = c"results";

    fn show(bench: &Arc<Bench>, out: &mut Text) -> Result {
        bench.with_rows(|rows, machine| output::json(rows, machine, out))
    }
}

/// Shows the results as CSV.
struct ResultsCsv;

#[vtable]
impl TextFile<Arc<Bench>> for ResultsCsv {
    const NAME: &'static CStr = c"results.csv";

    fn show(bench: &Arc<Bench>, out: &mut Text) -> Result {
        bench.with_rows(|rows, machine| output::csv(rows, machine, out))
    }
}

/// Shows the ticks of each batch in binary: see `results/output.rs`.
struct Samples;

#[vtable]
impl TextFile<Arc<Bench>> for Samples {
    const NAME: &'static CStr = c"samples";

    fn show(bench: &Arc<Bench>, out: &mut Text) -> Result {
        bench.with_rows(|rows, _| output::samples(rows, out))
    }
}
