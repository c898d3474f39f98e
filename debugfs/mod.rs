// SPDX-License-Identifier: GPL-2.0

//! L4: `/sys/kernel/debug/io_mapping_rs/`, for root only:
//!
//! | file | |
//! |---|---|
//! | `mappings` | the mappings that there are, one line each |
//! | `mappings.json` | the same as JSON |
//! | `stats` | how often what has been done |
//! | `selftest` | takes a range of memory, and tells what came of mapping it |
//!
//! A file says what was so when it was opened.

use crate::debugfs::files::{Directory, Text, TextFile, TextFiles};
use kernel::{new_mutex, prelude::*, sync::Mutex};

pub mod files;
mod mappings;
mod self_check;
mod snapshot;
mod stats;

/// What the file `selftest` has to say: what came of the last run.
type LastRun = Pin<KBox<Mutex<Text>>>;

/// The files of this module, removed when it is unloaded.
pub(crate) struct Registration {
    _files: TextFiles<LastRun>,
}

impl Registration {
    /// Makes the files.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let last = KBox::pin_init(new_mutex!(Text::new()), GFP_KERNEL)?;
        let files = TextFiles::new(Directory::new(c"io_mapping_rs", None), last)?;
        files.add::<mappings::Table>();
        files.add::<mappings::Json>();
        files.add::<stats::Stats>();
        files.add::<Selftest>();
        Ok(Self { _files: files })
    }
}

/// The file `selftest`.
struct Selftest;

#[vtable]
impl TextFile<LastRun> for Selftest {
    const NAME: &'static CStr = c"selftest";

    fn show(last: &LastRun, out: &mut Text) -> Result {
        let last = last.lock();
        if last.bytes().is_empty() {
            return self_check::usage(out);
        }
        out.push(last.bytes())
    }

    fn store(last: &LastRun, text: &str) -> Result {
        let mut out = last.lock();
        *out = Text::new();
        self_check::run(text, &mut out)
    }
}
