// SPDX-License-Identifier: GPL-2.0

//! Flushes of translations on all CPUs.
//!
//! A CPU may keep a translation of any page that is mapped, whether it has used the page or not: it
//! looks ahead. So an address that is to be used on another CPU for another page is flushed on all
//! of them first.

use crate::arch::{tlb, xen_pv};
use crate::bindings;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};
use kernel::ffi::c_void;

/// How many flushes of all CPUs there were since the module was loaded.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Drops all translations of every CPU, and what they keep of the tables on the way to them. An entry
/// that is clear when this begins is in no TLB when it ends.
///
/// # Context
///
/// [`may_wait_for_cpus`], or a task with interrupts on and no lock that is taken with interrupts off.
pub(crate) fn all_cpus() {
    /// # Safety
    ///
    /// None.
    unsafe extern "C" fn flush(_: *mut c_void) {
        // Slots are on no such guest, see `Window`. Areas are.
        if xen_pv::is_guest() {
            return xen_pv::invalidate_all();
        }
        tlb::invalidate_all();
    }
    COUNT.fetch_add(1, Ordering::Relaxed);
    if tlb::IS_BROADCAST {
        return tlb::invalidate_all();
    }
    // SAFETY: `flush` does not use its argument, and may be called in interrupts.
    unsafe { bindings::iomrs_on_each_cpu(Some(flush), ptr::null_mut()) };
}

/// Returns how many flushes of all CPUs there were since the module was loaded.
pub(crate) fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Returns how many CPUs are online, at least one.
pub(crate) fn online_cpus() -> usize {
    // CAST: There are at most 2^16.
    bindings::iomrs_num_online_cpus().max(1) as usize
}

/// Whether the caller may wait for other CPUs: it can be preempted, so that it holds nothing that
/// they may spin for. Where the kernel does not count it is `false`.
pub(crate) fn may_wait_for_cpus() -> bool {
    bindings::iomrs_preemptible()
}
