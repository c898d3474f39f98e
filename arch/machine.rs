// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What the machine can do. It does not change after boot, so that it is asked for once: a map
//! should not pay for a call of each question.
//!
//! Before [`init`] all of it is 0: no address but 0 is narrow enough, no size small enough.

use super::this::{encryption, limits, mtrr, xen_pv};
use crate::bindings;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

static PHYS_BITS: AtomicU32 = AtomicU32::new(0);
static PHYS_MASK: AtomicU64 = AtomicU64::new(0);
static VMALLOC_TOTAL: AtomicUsize = AtomicUsize::new(0);
static MAX_PAGE_SHIFT: AtomicU32 = AtomicU32::new(0);
static PAGE_OFFSET: AtomicUsize = AtomicUsize::new(0);
static IS_GUEST_ENCRYPTED: AtomicBool = AtomicBool::new(false);

/// Called when the module is loaded, before anything is mapped.
pub(crate) fn init() {
    PHYS_BITS.store(limits::phys_bits(), Ordering::Relaxed);
    PHYS_MASK.store(limits::phys_mask(), Ordering::Relaxed);
    VMALLOC_TOTAL.store(bindings::iomrs_vmalloc_total(), Ordering::Relaxed);
    MAX_PAGE_SHIFT.store(limits::max_page_shift(), Ordering::Relaxed);
    PAGE_OFFSET.store(limits::page_offset(), Ordering::Relaxed);
    IS_GUEST_ENCRYPTED.store(encryption::is_guest_encrypted(), Ordering::Relaxed);
    mtrr::init();
}

/// Returns the width of a physical address of this CPU, in bits.
#[inline(always)]
pub(crate) fn phys_bits() -> u32 {
    PHYS_BITS.load(Ordering::Relaxed)
}

/// Returns the bits of a physical address that an entry can hold, without the encryption bits.
#[inline(always)]
pub(crate) fn phys_mask() -> u64 {
    PHYS_MASK.load(Ordering::Relaxed)
}

/// Returns whether this kernel changes its page table, and drops translations, by itself: not by calls of
/// a hypervisor. This one is asked each time, as only the load of the module asks.
pub(crate) fn has_own_page_table() -> bool {
    !xen_pv::is_guest()
}

/// Returns the size of the address space for areas, whether it is free or not, in bytes.
#[inline(always)]
pub(crate) fn vmalloc_total() -> usize {
    VMALLOC_TOTAL.load(Ordering::Relaxed)
}

/// Returns the largest page that the CPU and the command line (`nohugeiomap`) allow, as a shift.
#[inline(always)]
pub(crate) fn max_page_shift() -> u32 {
    limits::ONLY_PAGE_SHIFT.unwrap_or_else(|| MAX_PAGE_SHIFT.load(Ordering::Relaxed))
}

/// Returns the address where the kernel has all of physical memory mapped (C: `PAGE_OFFSET`).
#[inline(always)]
pub(crate) fn page_offset() -> usize {
    PAGE_OFFSET.load(Ordering::Relaxed)
}

/// Returns whether this is a confidential guest, whose memory is encrypted.
#[inline(always)]
pub(crate) fn is_guest_encrypted() -> bool {
    IS_GUEST_ENCRYPTED.load(Ordering::Relaxed)
}

pub(crate) use limits::MAPS_RESERVED_RAM;

/// Returns an address that all RAM of the kernel is below. This one is asked each time: it grows when memory
/// is plugged in.
#[inline(always)]
pub(crate) fn end_of_ram() -> u64 {
    limits::end_of_ram(page_offset())
}
