// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Mapping and unmapping pages of an aperture.

use super::workload::{Sides, Workload};
use crate::harness::{c, fixture::Target, ours::maps};
use io_mapping_rs::Strategy;
use Sides::Loop;

const MAP: &str = "io_mapping_map_wc + io_mapping_unmap";
const LOCAL: &str = "io_mapping_map_local_wc + io_mapping_unmap_local";
const ATOMIC: &str = "io_mapping_map_atomic_wc + io_mapping_unmap_atomic";
const HUGE: &[u64] = &[64 << 30];

/// The whole aperture is mapped, and C finds a page by an addition.
pub(super) const WHOLE: Workload = Workload {
    target: Target::Aperture,
    strategy: Strategy::Whole,
    sizes: &[2 << 20],
    rounds: 1000,
    irqs_off: true,
    ..Workload::BASE
};

/// The aperture is sparse and has the chunk already. C has it mapped as a whole.
const CHUNK: Workload = Workload {
    strategy: Strategy::Sparse,
    premade_chunks: true,
    ..WHOLE
};

/// The aperture is sparse and has no chunks. C maps each page by itself, which may sleep.
const SPARSE: Workload = Workload {
    strategy: Strategy::Sparse,
    c_calls: "ioremap_wc + iounmap",
    c_maps_whole: false,
    rounds: 20,
    irqs_off: false,
    ..WHOLE
};

pub(super) static WORKLOADS: &[Workload] = &[
    Workload {
        name: "map",
        about: "map a page by map(), unmap it",
        c_calls: MAP,
        sides: Loop(c::iomrs_b_map, maps::map),
        ..WHOLE
    },
    Workload {
        name: "map_chunk",
        about: "map() on a sparse aperture that has the chunk already",
        c_calls: MAP,
        sides: Loop(c::iomrs_b_map, maps::map),
        ..CHUNK
    },
    Workload {
        name: "map_local",
        about: "map a page by map_local(), unmap it",
        c_calls: LOCAL,
        sides: Loop(c::iomrs_b_map_local, maps::map_local),
        ..WHOLE
    },
    Workload {
        name: "map_local",
        sides: Loop(c::iomrs_b_page, maps::map_local),
        ..SPARSE
    },
    Workload {
        name: "map_local_chunk",
        about: "map_local() on a sparse aperture that has the chunk already",
        c_calls: LOCAL,
        sides: Loop(c::iomrs_b_map_local, maps::map_local),
        ..CHUNK
    },
    Workload {
        name: "map_local_sized",
        about: "map_local() where the compiler knows the size of the aperture",
        c_calls: LOCAL,
        sides: Loop(c::iomrs_b_map_local, maps::map_sized),
        pages: 512,
        ..WHOLE
    },
    Workload {
        name: "map_local_const",
        about: "map_local() where the compiler knows the size and the offset",
        c_calls: LOCAL,
        sides: Loop(c::iomrs_b_map_const, maps::map_const),
        pages: 2,
        ..WHOLE
    },
    Workload {
        name: "map_local_const_write",
        about: "map_local_const with a 32-bit store",
        c_calls: LOCAL,
        sides: Loop(c::iomrs_b_write_const, maps::write_const),
        pages: 2,
        ..WHOLE
    },
    Workload {
        name: "map_atomic",
        about: "map a page by map_atomic(), unmap it",
        c_calls: ATOMIC,
        sides: Loop(c::iomrs_b_map_atomic, maps::map_atomic),
        ..WHOLE
    },
    Workload {
        name: "map_atomic",
        sides: Loop(c::iomrs_b_page, maps::map_atomic),
        ..SPARSE
    },
    Workload {
        name: "map_local_read",
        about: "map_local() with a 32-bit load, on one CPU up to all at once",
        c_calls: LOCAL,
        sides: Loop(c::iomrs_b_read, maps::read),
        scales: true,
        ..WHOLE
    },
    Workload {
        name: "map_local_read",
        sides: Loop(c::iomrs_b_page_read, maps::read),
        scales: true,
        ..SPARSE
    },
    #[cfg(CONFIG_HIGHMEM)]
    Workload {
        name: "map_local_kmap_read",
        about: "map_local_read on a sparse aperture; C has HIGHMEM's temporary maps",
        c_calls: "__kmap_local_pfn_prot + kunmap_local",
        sides: Loop(c::iomrs_b_kmap_read, maps::read),
        ..SPARSE
    },
    Workload {
        name: "map_atomic_read",
        about: "map_atomic() with a 32-bit load",
        c_calls: ATOMIC,
        sides: Loop(c::iomrs_b_read_atomic, maps::read_atomic),
        ..WHOLE
    },
    Workload {
        name: "map_atomic_read",
        sides: Loop(c::iomrs_b_page_read, maps::read_atomic),
        ..SPARSE
    },
    Workload {
        name: "nested4",
        about: "map four pages by map_local(), one inside the other, unmap them",
        c_calls: LOCAL,
        sides: Loop(c::iomrs_b_nested, maps::nested),
        pages: 4,
        ..WHOLE
    },
    Workload {
        name: "nested4",
        sides: Loop(c::iomrs_b_page_nested, maps::nested),
        rounds: 5,
        pages: 4,
        ..SPARSE
    },
    Workload {
        name: "random_read",
        about: "map_local_read at random pages of 64 GiB",
        c_calls: LOCAL,
        sides: Loop(c::iomrs_b_read, maps::read),
        sizes: HUGE,
        rounds: 200,
        ..WHOLE
    },
    Workload {
        name: "random_read",
        sides: Loop(c::iomrs_b_page_read, maps::read),
        sizes: HUGE,
        ..SPARSE
    },
    Workload {
        name: "fill_verify",
        about: "map a page by map_local(), fill it, read it back, compare, unmap it",
        c_calls: LOCAL,
        sides: Loop(c::iomrs_b_verify, maps::verify),
        rounds: 16,
        irqs_off: false,
        ..WHOLE
    },
    Workload {
        name: "fill_verify",
        sides: Loop(c::iomrs_b_page_verify, maps::verify),
        rounds: 16,
        ..SPARSE
    },
];
