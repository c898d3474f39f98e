// SPDX-License-Identifier: GPL-2.0

//! The flush of every CPU's translations.

use crate::arch::{tlb, xen_pv};
use crate::bindings;
use core::sync::atomic::{AtomicU64, Ordering};
use kernel::ffi::c_void;

/// How many there were since the module was loaded.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Drops every translation of the kernel's addresses that any CPU keeps, and all that it keeps of
/// tables on the way to them. Returns when all have done it.
///
/// # Context
///
/// May sleep: it waits for other CPUs.
pub(super) fn on_each_cpu() {
    COUNT.fetch_add(1, Ordering::Relaxed);
    // SAFETY: `flush_this_cpu` needs no argument, and may be called in a hard interrupt.
    unsafe { bindings::iomrs_on_each_cpu(Some(flush_this_cpu), core::ptr::null_mut()) };
}

/// Returns how many flushes there were since the module was loaded.
pub(super) fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

extern "C" fn flush_this_cpu(_none: *mut c_void) {
    if xen_pv::is_guest() {
        return xen_pv::invalidate_all();
    }
    tlb::invalidate_all();
}
