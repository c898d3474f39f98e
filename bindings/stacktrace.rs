// SPDX-License-Identifier: GPL-2.0

//! `<linux/stacktrace.h>`: who has called the library.

use super::{iomrs_stack_trace, iomrs_symbol, iomrs_within_library};

/// So many callers are looked at.
const DEPTH: usize = 16;
/// More is cut off. Names of Rust functions, mangled, have 100 letters and more.
const TEXT: usize = 320;

/// An address of code, as C's `%pS` shows it: the function, an offset in it, and the module.
pub(crate) struct Symbol {
    text: [u8; TEXT],
    len: usize,
}

impl Symbol {
    /// Returns where the library was called, or `None` where the kernel keeps no stack traces
    /// (`CONFIG_STACKTRACE`).
    pub(crate) fn of_caller() -> Option<Self> {
        let mut addrs = [0; DEPTH];
        // SAFETY: There is room for `DEPTH` addresses.
        let found = unsafe { iomrs_stack_trace(addrs.as_mut_ptr(), DEPTH as u32) } as usize;
        let mut callers = addrs.iter().copied().take(found);
        let addr = callers.find(|&addr| !iomrs_within_library(addr))?;
        let mut text = [0; TEXT];
        // SAFETY: There is room for `TEXT` bytes.
        let len = unsafe { iomrs_symbol(text.as_mut_ptr().cast(), TEXT, addr) };
        // CAST: Less than `TEXT`.
        let len = len as usize;
        Some(Self { text, len })
    }

    /// Returns the text.
    pub(crate) fn as_str(&self) -> &str {
        let text = self.text.get(..self.len).unwrap_or_default();
        core::str::from_utf8(text).unwrap_or_default()
    }
}
