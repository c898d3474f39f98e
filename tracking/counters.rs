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
    Mappings => "mappings_made",
    MappingsDropped => "mappings_dropped",
    Whole => "whole_made",
    WholeDropped => "whole_dropped",
    Sparse => "sparse_made",
    SparseDropped => "sparse_dropped",
    Chunks => "chunks_made",
    ChunksDropped => "chunks_dropped",
    Areas => "areas_made",
    AreasDropped => "areas_dropped",
    SlotLocal => "slot_local_maps",
    SlotLocalEnded => "slot_local_unmaps",
    SlotAtomic => "slot_atomic_maps",
    SlotAtomicEnded => "slot_atomic_unmaps",
    Exhausted => "slot_exhaustions",
    Inval => "refused_EINVAL",
    Range => "refused_ERANGE",
    Perm => "refused_EPERM",
    Busy => "refused_EBUSY",
    NoMem => "refused_ENOMEM",
    OtherErrno => "refused_other",
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
pub(crate) fn refused(err: Error) {
    let known = [
        (EINVAL, Counter::Inval),
        (ERANGE, Counter::Range),
        (EPERM, Counter::Perm),
        (EBUSY, Counter::Busy),
        (ENOMEM, Counter::NoMem),
    ];
    let counter = known.iter().find(|&&(errno, _)| errno == err);
    let counter = counter.map_or(Counter::OtherErrno, |&(_, counter)| counter);
    counter.count();
}
