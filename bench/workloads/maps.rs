// SPDX-License-Identifier: GPL-2.0

//! Maps of pages of an aperture.

use super::{Sides, Target, Workload};
use crate::{c, fixture::Fixture, ours::maps};
use io_mapping_rs::Strategy;
use kernel::prelude::*;

const M2: &[u64] = &[2 << 20];

/// Of an aperture mapped as a whole, whose pages C finds by an addition.
const fn whole(
    name: &'static str,
    about: &'static str,
    call: &'static str,
    c: c::TimedLoop,
    ours: fn(&Fixture<'_>, &mut [u8]) -> Result<u64>,
) -> Workload {
    Workload {
        name,
        about,
        target: Target::Aperture,
        strategy: Strategy::Whole,
        sizes: M2,
        sides: Sides::Loop { c, ours },
        call,
        rounds: 1000,
        irqs_off: true,
        ..Workload::PLAIN
    }
}

/// Of a sparse aperture, where C maps each page by itself, which may sleep.
const fn sparse(
    name: &'static str,
    c: c::TimedLoop,
    ours: fn(&Fixture<'_>, &mut [u8]) -> Result<u64>,
) -> Workload {
    Workload {
        strategy: Strategy::Sparse,
        rounds: 20,
        irqs_off: false,
        c_maps_all: false,
        ..whole(name, "", "ioremap_wc + iounmap", c, ours)
    }
}

const LOCAL: &str = "io_mapping_map_local_wc + io_mapping_unmap_local";
const ATOMIC: &str = "io_mapping_map_atomic_wc + io_mapping_unmap_atomic";
const HUGE: &[u64] = &[64 << 30];

pub(super) static WORKLOADS: &[Workload] = &[
    whole(
        "map",
        "a lasting map of a page and its end",
        "io_mapping_map_wc + io_mapping_unmap",
        c::iomrs_b_map,
        maps::map,
    ),
    Workload {
        chunk: true,
        ..whole(
            "map_chunk",
            "the same where the chunk is there",
            "io_mapping_map_wc + io_mapping_unmap",
            c::iomrs_b_map,
            maps::map,
        )
        .on_sparse()
    },
    whole(
        "map_local",
        "a local map of a page and its end",
        LOCAL,
        c::iomrs_b_map_local,
        maps::map_local,
    ),
    sparse("map_local", c::iomrs_b_page, maps::map_local),
    Workload {
        chunk: true,
        ..whole(
            "map_local_chunk",
            "the same where the chunk is there",
            LOCAL,
            c::iomrs_b_map_local,
            maps::map_local,
        )
        .on_sparse()
    },
    Workload {
        pages: 512,
        ..whole(
            "map_local_sized",
            "the same where the compiler knows the size of the aperture",
            LOCAL,
            c::iomrs_b_map_local,
            maps::map_sized,
        )
    },
    Workload {
        pages: 2,
        ..whole(
            "map_local_const",
            "the same where the compiler knows size and offset",
            LOCAL,
            c::iomrs_b_map_const,
            maps::map_const,
        )
    },
    Workload {
        pages: 2,
        ..whole(
            "map_local_const_write",
            "and with a 32-bit store",
            LOCAL,
            c::iomrs_b_write_const,
            maps::write_const,
        )
    },
    whole(
        "map_atomic",
        "an atomic map of a page and its end",
        ATOMIC,
        c::iomrs_b_map_atomic,
        maps::map_atomic,
    ),
    sparse("map_atomic", c::iomrs_b_page, maps::map_atomic),
    Workload {
        scales: true,
        ..whole(
            "map_local_read",
            "a local map of a page, a 32-bit load, its end; by 1 to all CPUs",
            LOCAL,
            c::iomrs_b_read,
            maps::read,
        )
    },
    Workload {
        scales: true,
        ..sparse("map_local_read", c::iomrs_b_page_read, maps::read)
    },
    whole(
        "map_atomic_read",
        "an atomic map of a page, a 32-bit load, its end",
        ATOMIC,
        c::iomrs_b_read_atomic,
        maps::read_atomic,
    ),
    sparse("map_atomic_read", c::iomrs_b_page_read, maps::read_atomic),
    Workload {
        pages: 4,
        ..whole(
            "nested4",
            "four local maps, one in another, and their ends",
            LOCAL,
            c::iomrs_b_nested,
            maps::nested,
        )
    },
    Workload {
        rounds: 5,
        pages: 4,
        ..sparse("nested4", c::iomrs_b_page_nested, maps::nested)
    },
    Workload {
        sizes: HUGE,
        rounds: 200,
        ..whole(
            "random_read",
            "map_local_read of any page of a huge aperture",
            LOCAL,
            c::iomrs_b_read,
            maps::read,
        )
    },
    Workload {
        sizes: HUGE,
        ..sparse("random_read", c::iomrs_b_page_read, maps::read)
    },
    Workload {
        rounds: 16,
        irqs_off: false,
        ..whole(
            "fill_verify",
            "map a page, fill it, read it back, compare",
            LOCAL,
            c::iomrs_b_verify,
            maps::verify,
        )
    },
    Workload {
        rounds: 16,
        ..sparse("fill_verify", c::iomrs_b_page_verify, maps::verify)
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
