// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! `<linux/sched.h>`: what a loop that may take long has to do.

use super::{iomrs_cond_resched, iomrs_fatal_signal_pending};
use kernel::prelude::*;

/// Lets another task run if it is due.
///
/// # Errors
///
/// `EINTR` if this task is being killed.
///
/// # Context
///
/// May sleep.
pub(crate) fn check_killed() -> Result {
    iomrs_cond_resched();
    if iomrs_fatal_signal_pending() {
        return Err(EINTR);
    }
    Ok(())
}
