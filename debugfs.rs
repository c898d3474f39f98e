// SPDX-License-Identifier: GPL-2.0

//! L4: `/sys/kernel/debug/io_mapping_rs/`, for root only:
//!
//! | file | |
//! |---|---|
//! | `mappings` | the mappings that there are, one line each |
//! | `mappings.json` | the same as JSON |
//! | `stats` | how often what has been done |
//!
//! A file says what was so when it was opened.

use crate::text_files::{Directory, TextFiles};
use kernel::prelude::*;

mod mappings;
mod seen;
mod stats;

/// The files of this module, removed when it is unloaded.
pub(crate) struct Registration {
    _files: TextFiles<()>,
}

impl Registration {
    /// Makes the files.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let files = TextFiles::new(Directory::new(c"io_mapping_rs", None), ())?;
        files.add::<mappings::Table>();
        files.add::<mappings::Json>();
        files.add::<stats::Stats>();
        Ok(Self { _files: files })
    }
}
