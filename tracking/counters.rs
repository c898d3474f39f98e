// SPDX-License-Identifier: GPL-2.0

//! Counters of events. Each has one number per CPU, so that counting an event is one increment of
//! this CPU's number, in any context.
//!
//! Mapping a part of an aperture that is mapped already, as a whole or by a chunk, is not counted:
//! it is an addition, and counting would cost more than that.

use crate::arch::percpu;
use crate::bindings::{self, COUNTERS};
use kernel::{cpu::nr_cpu_ids, ffi::c_ulong, prelude::*};

macro_rules! counters {
    ($($name:ident => $text:literal,)*) => {
        /// An event that is counted.
        #[derive(Clone, Copy)]
        #[repr(u32)]
        pub(crate) enum Counter {
            $($name,)*
        }

        impl Counter {
            /// Every counter, with its name in the debugfs file `stats`.
            pub(crate) const ALL: [(Self, &'static str); COUNTERS] = [$((Self::$name, $text),)*];
        }
    };
}

counters! {
    MappingsMade => "mappings_made",
    MappingsDropped => "mappings_dropped",
    WholeMade => "whole_made",
    WholeDropped => "whole_dropped",
    SparseMade => "sparse_made",
    SparseDropped => "sparse_dropped",
    ChunksMade => "chunks_made",
    ChunksDropped => "chunks_dropped",
    AreasMade => "areas_made",
    AreasDropped => "areas_dropped",
    SlotLocalMaps => "slot_local_maps",
    SlotLocalUnmaps => "slot_local_unmaps",
    SlotAtomicMaps => "slot_atomic_maps",
    SlotAtomicUnmaps => "slot_atomic_unmaps",
    SlotExhaustions => "slot_exhaustions",
    SlotFlushes => "slot_flushes",
    RefusedInval => "refused_EINVAL",
    RefusedRange => "refused_ERANGE",
    RefusedPerm => "refused_EPERM",
    RefusedBusy => "refused_EBUSY",
    RefusedNoMem => "refused_ENOMEM",
    RefusedOther => "refused_other",
    CMade => "c_made",
    CDropped => "c_dropped",
    CMisuses => "c_misuses",
}

impl Counter {
    /// Adds one to the number of this CPU.
    #[inline(always)]
    pub(crate) fn count(self) {
        let counters = (&raw const bindings::iomrs_counters).cast::<c_ulong>();
        // SAFETY: The numbers of the variants are less than their count, which is `COUNTERS`: `ALL`
        // has one element for each. So this is an element of the per-CPU array.
        unsafe { percpu::increment(counters.wrapping_add(self as usize)) };
    }

    /// Returns the sum over all CPUs. Events that happen meanwhile may be missing.
    pub(crate) fn total(self) -> u64 {
        let cpus = (0..nr_cpu_ids()).filter(|&cpu| bindings::iomrs_cpu_possible(cpu));
        // SAFETY: A CPU that is possible, and one of the counters.
        cpus.map(|cpu| unsafe { bindings::iomrs_counter(cpu, self as u32) } as u64)
            .sum()
    }
}

/// Counts a request that fails with `err`.
#[cold]
pub(crate) fn count_refusal(err: Error) {
    let known = [
        (EINVAL, Counter::RefusedInval),
        (ERANGE, Counter::RefusedRange),
        (EPERM, Counter::RefusedPerm),
        (EBUSY, Counter::RefusedBusy),
        (ENOMEM, Counter::RefusedNoMem),
    ];
    let counter = known.iter().find(|&&(errno, _)| errno == err);
    let counter = counter.map_or(Counter::RefusedOther, |&(_, counter)| counter);
    counter.count();
}
