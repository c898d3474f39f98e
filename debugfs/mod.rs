// SPDX-License-Identifier: GPL-2.0

//! The files in `/sys/kernel/debug/io_mapping_rs/`, for root only:
//!
//! | file | content |
//! |---|---|
//! | `mappings` | the mappings, one per line |
//! | `mappings.json` | the same as JSON |
//! | `stats` | counters of events |
//! | `selftest` | the report on the range of memory that was last written to the file |
//!
//! Reading a file returns the state at the time when it was opened. [`files`] is for the files of other
//! modules.

use crate::debugfs::files::{Directory, Text, TextFile, TextFiles};
use kernel::{new_mutex, prelude::*, sync::Mutex};

mod decimal;
pub mod files;
mod mappings;
mod self_check;
mod snapshot;
mod stats;

/// The report of the last run of the self-check.
type LastReport = Pin<KBox<Mutex<Text>>>;

/// The files of this module, removed when it is unloaded.
pub(crate) struct Registration {
    _files: TextFiles<LastReport>,
    _installed: files::Registration,
}

impl Registration {
    /// Creates the files.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let installed = files::Registration::new()?;
        let report = KBox::pin_init(new_mutex!(Text::new()), GFP_KERNEL)?;
        let files = TextFiles::new(Directory::new(c"io_mapping_rs", None), report)?;
        files.add::<mappings::Table>();
        files.add::<mappings::Json>();
        files.add::<stats::Stats>();
        files.add::<Selftest>();
        Ok(Self {
            _files: files,
            _installed: installed,
        })
    }
}

/// The file `selftest`.
struct Selftest;

#[vtable]
impl TextFile<LastReport> for Selftest {
    const NAME: &'static CStr = c"selftest";

    fn show(report: &LastReport, out: &mut Text) -> Result {
        let report = report.lock();
        if report.bytes().is_empty() {
            return self_check::usage(out);
        }
        out.push(report.bytes())
    }

    fn store(report: &LastReport, text: &str) -> Result {
        let mut report = report.lock();
        *report = Text::new();
        self_check::run(text, &mut report)
    }
}
