// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What is said of a call that C does not check: a line in the log, and a number in `stats`. The line names the
//! driver's function and line, and by the stack who has called the library.

use crate::bindings::iomrs_warn;
use crate::bindings::stacktrace::Symbol;
use crate::tracking::{counters::Counter, CallSite};
use core::cmp::Ordering;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use kernel::prelude::*;

/// Whether each misuse is a warning of the kernel, with its stack.
static STRICT: AtomicBool = AtomicBool::new(false);
/// How many lines have been logged.
static LINES: AtomicU32 = AtomicU32::new(0);
/// After so many lines misuse is counted only: a driver may do it in a loop.
const MAX_LINES: u32 = 10_000;

/// Called when the module is loaded.
pub(super) fn init(strict: bool) {
    STRICT.store(strict, Relaxed);
}

/// Whether each misuse is a warning of the kernel.
pub(super) fn is_strict() -> bool {
    STRICT.load(Relaxed)
}

/// Says that a driver does what it must not do: `what`, with the address or offset `value`.
#[cold]
#[inline(never)]
pub(super) fn report(site: &CallSite, what: &str, value: usize) {
    Counter::CMisuses.count();
    let lines = LINES.fetch_add(1, Relaxed);
    match lines.cmp(&MAX_LINES) {
        Ordering::Less => {
            let caller = Symbol::of_caller();
            pr_warn!(
                "{}: {}() at {}:{}: {} ({:#x}){}{}\n",
                site.module(),
                site.function(),
                site.file(),
                site.line(),
                what,
                value,
                caller.as_ref().map_or("", |_| ", called by "),
                caller.as_ref().map_or("", Symbol::as_str)
            );
        }
        Ordering::Equal => {
            pr_warn!("{} lines of misuse: more are counted only\n", MAX_LINES);
        }
        Ordering::Greater => (),
    }
    if is_strict() {
        iomrs_warn();
    }
}
