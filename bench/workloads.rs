// SPDX-License-Identifier: GPL-2.0

//! What can be measured: each workload on each strategy, C's side beside ours.
//!
//! C maps an aperture as a whole or not at all. So it is measured on a Whole aperture by
//! `io_mapping`'s calls, and beside a Sparse one it does what a driver does that cannot keep the
//! aperture mapped: an `ioremap_wc()` of the page, each time.

use crate::{
    c,
    loops::{self, Pair},
    setup::{Setup, PAGE},
};
use io_mapping_rs::{text_files::Text, Strategy};
use kernel::{ffi::c_ulong, fmt::Write, prelude::*};

/// A pair of calls in C, told apart.
pub(crate) type PairInC = unsafe extern "C" fn(u64, c_ulong, *mut u64) -> u64;

/// Both sides of a workload.
#[derive(Clone, Copy)]
pub(crate) enum Sides {
    /// One call to map and one to unmap, each timed.
    Pair {
        c: PairInC,
        ours: fn(&Setup) -> Result<Pair>,
    },
    /// A loop, timed as a whole.
    Loop {
        c: c::TimedLoop,
        ours: fn(&Setup, &mut [u8]) -> Result<u64>,
    },
}

/// A workload on one strategy.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// The strategy of our aperture, [`Strategy::Auto`] where it takes none.
    pub(crate) strategy: Strategy,
    /// In bytes, where a spec names none.
    pub(crate) sizes: &'static [u64],
    pub(crate) sides: Sides,
    /// What C calls.
    pub(crate) call: &'static str,
    /// Rounds of a loop, or bytes that a batch copies.
    rounds: usize,
    /// With interrupts off.
    pub(crate) quiet: bool,
    /// A size is that of a copy.
    pub(crate) copies: bool,
    /// The chunks are made before.
    pub(crate) chunk: bool,
    /// By default it is run by one CPU, two and so on.
    pub(crate) scales: bool,
}

impl Workload {
    /// The strategy of the aperture that it works on, where it does not make it itself.
    pub(crate) fn aperture(&self) -> Option<Strategy> {
        match self.sides {
            Sides::Pair { .. } => None,
            Sides::Loop { .. } => Some(self.strategy),
        }
    }

    /// Whether its C side works on an aperture.
    pub(crate) fn c_needs_aperture(&self) -> bool {
        let on_whole = self.strategy == Strategy::Whole || self.chunk;
        on_whole && matches!(self.sides, Sides::Loop { .. })
    }

    /// Rounds of a batch whose copies have `bytes`.
    pub(crate) fn rounds(&self, bytes: usize) -> usize {
        if self.copies {
            (self.rounds / bytes.max(1)).max(1)
        } else {
            self.rounds
        }
    }

    /// What the strategy is called.
    pub(crate) fn strategy(&self) -> &'static str {
        match self.strategy {
            Strategy::Auto => "none",
            Strategy::Whole => "whole",
            Strategy::Sparse => "sparse",
        }
    }

    /// Whether all that it works on is mapped at once, with an entry for each page.
    pub(crate) fn maps_all(&self) -> bool {
        self.strategy != Strategy::Sparse
    }
}

const M2: &[u64] = &[2 << 20];
const MAPPED: &[u64] = &[
    PAGE,
    64 << 10,
    1 << 20,
    2 << 20,
    64 << 20,
    256 << 20,
    1 << 30,
    64 << 30,
];
const CREATED: &[u64] = &[
    PAGE,
    64 << 10,
    1 << 20,
    2 << 20,
    64 << 20,
    256 << 20,
    1 << 30,
    64 << 30,
    1 << 40,
];
const COPIED: &[u64] = &[64, 4 << 10, 64 << 10, 1 << 20];

const PAIR: Workload = Workload {
    name: "",
    strategy: Strategy::Auto,
    sizes: MAPPED,
    sides: Sides::Pair {
        c: c::iomrs_b_ioremap_wc,
        ours: loops::ioremap_wc,
    },
    call: "ioremap_wc + iounmap",
    rounds: 1,
    quiet: false,
    copies: false,
    chunk: false,
    scales: false,
};

const fn create(strategy: Strategy, ours: fn(&Setup) -> Result<Pair>) -> Workload {
    Workload {
        name: "create",
        strategy,
        sizes: CREATED,
        sides: Sides::Pair {
            c: c::iomrs_b_create_wc,
            ours,
        },
        call: "io_mapping_create_wc + io_mapping_free",
        ..PAIR
    }
}

/// Of an aperture mapped as a whole, whose pages C finds by an addition.
const fn whole(
    name: &'static str,
    call: &'static str,
    c: c::TimedLoop,
    ours: fn(&Setup, &mut [u8]) -> Result<u64>,
) -> Workload {
    Workload {
        name,
        strategy: Strategy::Whole,
        sizes: M2,
        sides: Sides::Loop { c, ours },
        call,
        rounds: 1000,
        quiet: true,
        ..PAIR
    }
}

/// Of a sparse aperture, where C maps each page by itself, which may sleep.
const fn sparse(
    name: &'static str,
    c: c::TimedLoop,
    ours: fn(&Setup, &mut [u8]) -> Result<u64>,
) -> Workload {
    Workload {
        strategy: Strategy::Sparse,
        rounds: 20,
        quiet: false,
        ..whole(name, "ioremap_wc + iounmap", c, ours)
    }
}

const fn copy(
    name: &'static str,
    call: &'static str,
    c: c::TimedLoop,
    ours: fn(&Setup, &mut [u8]) -> Result<u64>,
) -> Workload {
    Workload {
        sizes: COPIED,
        rounds: 64 << 10,
        quiet: false,
        copies: true,
        ..whole(name, call, c, ours)
    }
}

const LOCAL: &str = "io_mapping_map_local_wc + io_mapping_unmap_local";
const ATOMIC: &str = "io_mapping_map_atomic_wc + io_mapping_unmap_atomic";
const HUGE: &[u64] = &[64 << 30];

/// All of them.
pub(crate) static WORKLOADS: &[Workload] = &[
    Workload {
        name: "ioremap",
        ..PAIR
    },
    create(Strategy::Whole, loops::create_whole),
    create(Strategy::Sparse, loops::create_sparse),
    whole(
        "map",
        "io_mapping_map_wc + io_mapping_unmap",
        c::iomrs_b_map,
        loops::map,
    ),
    Workload {
        chunk: true,
        ..whole(
            "map_chunk",
            "io_mapping_map_wc + io_mapping_unmap",
            c::iomrs_b_map,
            loops::map,
        )
        .on_sparse()
    },
    whole("map_local", LOCAL, c::iomrs_b_map_local, loops::map_local),
    sparse("map_local", c::iomrs_b_page, loops::map_local),
    Workload {
        chunk: true,
        ..whole(
            "map_local_chunk",
            LOCAL,
            c::iomrs_b_map_local,
            loops::map_local,
        )
        .on_sparse()
    },
    whole(
        "map_local_sized",
        LOCAL,
        c::iomrs_b_map_local,
        loops::map_sized,
    ),
    whole(
        "map_local_const",
        LOCAL,
        c::iomrs_b_map_const,
        loops::map_const,
    ),
    whole(
        "map_local_const_write",
        LOCAL,
        c::iomrs_b_write_const,
        loops::write_const,
    ),
    whole(
        "map_atomic",
        ATOMIC,
        c::iomrs_b_map_atomic,
        loops::map_atomic,
    ),
    sparse("map_atomic", c::iomrs_b_page, loops::map_atomic),
    Workload {
        scales: true,
        ..whole("map_local_read", LOCAL, c::iomrs_b_read, loops::read)
    },
    Workload {
        scales: true,
        ..sparse("map_local_read", c::iomrs_b_page_read, loops::read)
    },
    whole(
        "map_atomic_read",
        ATOMIC,
        c::iomrs_b_read_atomic,
        loops::read_atomic,
    ),
    sparse("map_atomic_read", c::iomrs_b_page_read, loops::read_atomic),
    whole("nested4", LOCAL, c::iomrs_b_nested, loops::nested),
    Workload {
        rounds: 5,
        ..sparse("nested4", c::iomrs_b_page_nested, loops::nested)
    },
    Workload {
        sizes: HUGE,
        ..whole("random_read", LOCAL, c::iomrs_b_read, loops::read)
    },
    Workload {
        sizes: HUGE,
        ..sparse("random_read", c::iomrs_b_page_read, loops::read)
    },
    copy("copy_to", "memcpy_toio", c::iomrs_b_copy_to, loops::copy_to),
    copy(
        "copy_from",
        "memcpy_fromio",
        c::iomrs_b_copy_from,
        loops::copy_from,
    ),
    Workload {
        rounds: 16,
        quiet: false,
        ..whole("fill_verify", LOCAL, c::iomrs_b_verify, loops::verify)
    },
    Workload {
        rounds: 16,
        ..sparse("fill_verify", c::iomrs_b_page_verify, loops::verify)
    },
];

impl Workload {
    /// The same on a sparse aperture.
    const fn on_sparse(self) -> Self {
        Self {
            strategy: Strategy::Sparse,
            ..self
        }
    }
}

/// A line for each name.
pub(crate) fn list(out: &mut Text) -> Result {
    let mut last = "";
    for workload in WORKLOADS {
        if workload.name != last {
            writeln!(out, "{:<24}{}", workload.name, about(workload.name))?;
        }
        last = workload.name;
    }
    Ok(())
}

fn about(name: &str) -> &'static str {
    match name {
        "ioremap" => "ioremap_wc and its end, of a range",
        "create" => "an aperture and its end",
        "map" => "a lasting map of a page and its end",
        "map_chunk" => "the same where the chunk is there",
        "map_local" => "a local map of a page and its end",
        "map_local_chunk" => "the same where the chunk is there",
        "map_local_sized" => "the same where the compiler knows the size of the aperture",
        "map_local_const" => "the same where the compiler knows size and offset",
        "map_local_const_write" => "and with a 32-bit store",
        "map_atomic" => "an atomic map of a page and its end",
        "map_local_read" => "a local map of a page, a 32-bit load, its end; by 1 to all CPUs",
        "map_atomic_read" => "an atomic map of a page, a 32-bit load, its end",
        "nested4" => "four local maps, one in another, and their ends",
        "random_read" => "map_local_read of any page of a huge aperture",
        "copy_to" => "a block copy to the aperture",
        "copy_from" => "a block copy from the aperture",
        "fill_verify" => "map a page, fill it, read it back, compare",
        _ => "",
    }
}
