// SPDX-License-Identifier: GPL-2.0

//! L1: how often what has been done: one number per CPU and kind of event, each counted by one
//! increment of this CPU's, in any context.
//!
//! Maps of an aperture that is mapped, as a whole or by a chunk, are not counted: they do nothing.

use crate::bindings::{self, COUNTERS};
use kernel::prelude::*;

macro_rules! counters {
    ($($name:ident => $text:literal,)*) => {
        /// What is counted.
        #[derive(Clone, Copy)]
        #[repr(u32)]
        pub(crate) enum Counter {
            $($name,)*
        }

        impl Counter {
            /// Every counter, with its name in the file `stats`.
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
    RefusedInval => "refused_EINVAL",
    RefusedRange => "refused_ERANGE",
    RefusedPerm => "refused_EPERM",
    RefusedBusy => "refused_EBUSY",
    RefusedNoMem => "refused_ENOMEM",
    RefusedOther => "refused_other",
}

impl Counter {
    /// Counts one on this CPU.
    #[inline(always)]
    pub(crate) fn count(self) {
        // SAFETY: There are as many counters as names of them, as `ALL` has it.
        unsafe { bindings::count(self as usize) };
    }

    /// The sum over all CPUs: not of one moment where others count meanwhile.
    pub(crate) fn total(self) -> u64 {
        bindings::iomrs_counter(self as u32)
    }
}

/// Counts a request that is refused with `err`.
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
