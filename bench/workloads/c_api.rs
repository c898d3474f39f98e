// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The C API: the same C driver on both sides, compiled with the library's header and without.

use super::{
    maps,
    workload::{Sides, Workload},
};
use crate::harness::{c, fixture::PAGE, ours::c_api};
use Sides::{Calls, Loop};

/// A range, mapped anew each time.
const IOREMAP: Workload = Workload {
    c_calls: "ioremap_wc + iounmap",
    sides: Calls(c::iomrs_b_ioremap_wc, c_api::ioremap_wc),
    sizes: &[PAGE],
    c_api: Some(|| &c::iomrs_b_c_api_driver),
    ..Workload::BASE
};

/// An aperture that both sides map as a whole.
const WHOLE: Workload = Workload {
    c_api: Some(|| &c::iomrs_b_c_api_driver),
    ..maps::WHOLE
};

/// Those that map a page come first: a sparse aperture, once there was one, makes an unmap a call.
pub(super) static WORKLOADS: &[Workload] = &[
    Workload {
        name: "c_api_map",
        about: "map a page by the C API's io_mapping_map_wc(), unmap it",
        c_calls: "io_mapping_map_wc + io_mapping_unmap",
        sides: Loop(c::iomrs_b_map, c_api::map),
        ..WHOLE
    },
    Workload {
        name: "c_api_map_local",
        about: "map a page by the C API's io_mapping_map_local_wc(), unmap it",
        c_calls: "io_mapping_map_local_wc + io_mapping_unmap_local",
        sides: Loop(c::iomrs_b_map_local, c_api::map_local),
        ..WHOLE
    },
    Workload {
        name: "c_api_map_atomic",
        about: "map a page by the C API's io_mapping_map_atomic_wc(), unmap it",
        c_calls: "io_mapping_map_atomic_wc + io_mapping_unmap_atomic",
        sides: Loop(c::iomrs_b_map_atomic, c_api::map_atomic),
        ..WHOLE
    },
    Workload {
        name: "c_api_ioremap",
        about: "map a page write-combining by the C API, unmap it",
        ..IOREMAP
    },
    Workload {
        name: "c_api_ioremap_among",
        about: "c_api_ioremap where 10,000 pages are mapped by the C API",
        others: 10_000,
        ..IOREMAP
    },
    Workload {
        name: "c_api_create",
        about: "create an aperture by the C API, which chooses the strategy; free it",
        c_calls: "io_mapping_create_wc + io_mapping_free",
        sides: Calls(c::iomrs_b_create_wc, c_api::create_wc),
        sizes: &[256 << 20, 1 << 40],
        ..IOREMAP
    },
];
