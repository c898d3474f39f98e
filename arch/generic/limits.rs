// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Limits that do not depend on the CPU.

use crate::arch::this::page_table::PUD_SHIFT;
use crate::bindings::cmdline;
use kernel::page::PAGE_SHIFT;
use kernel::prelude::*;

/// Returns the largest page for I/O that the command line allows, as a shift (C: `ioremap_max_page_shift`): that of
/// a small page after "nohugeiomap". A stock kernel does not tell modules, so that its command line is read.
/// Where it cannot be, pages are small.
pub(crate) fn max_page_shift_of_command_line() -> u32 {
    match cmdline::has_word("nohugeiomap") {
        Ok(false) => PUD_SHIFT,
        Ok(true) => PAGE_SHIFT as u32,
        Err(err) => {
            pr_warn!(
                "small pages only: /proc/cmdline cannot be read: {:?}\n",
                err
            );
            PAGE_SHIFT as u32
        }
    }
}
