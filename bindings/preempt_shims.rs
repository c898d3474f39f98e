// SPDX-License-Identifier: GPL-2.0

//! What an atomic map turns off, by calls: see `preempt.rs`.

pub(crate) use super::{
    iomrs_map_atomic_begin as map_atomic_begin, iomrs_map_atomic_end as map_atomic_end,
};

/// Which CPU this is: of use to who stays there.
#[cfg(not(iomrs_window_kmap))]
#[inline(always)]
pub(crate) fn this_cpu() -> usize {
    // SAFETY: It may be called anywhere.
    unsafe { kernel::bindings::raw_smp_processor_id() as usize }
}
