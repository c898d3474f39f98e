// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Mapping and unmapping ranges, apertures and BARs.

use super::workload::{RustSide, Sides, Workload};
use crate::harness::{
    c,
    fixture::{Target, PAGE},
    kernel_crate,
    ours::ranges,
};
use io_mapping_rs::Strategy;
use Sides::Calls;

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
/// All but the last.
const MAPPED: &[u64] = CREATED.split_at(CREATED.len() - 1).0;
/// Ranges of a page each, in a row.
const MANY: usize = 64;

/// A range, mapped anew each time.
const RANGE: Workload = Workload {
    sizes: &[PAGE],
    ..Workload::BASE
};

/// An aperture, created anew each time.
const CREATE: Workload = Workload {
    name: "create",
    about: "create an aperture, free it",
    c_calls: "io_mapping_create_wc + io_mapping_free",
    sizes: CREATED,
    ..RANGE
};

pub(super) static WORKLOADS: &[Workload] = &[
    Workload {
        name: "ioremap",
        about: "map a range write-combining, unmap it",
        c_calls: "ioremap_wc + iounmap",
        sides: Calls(c::iomrs_b_ioremap_wc, ranges::ioremap_wc),
        sizes: MAPPED,
        ..RANGE
    },
    Workload {
        name: "ioremap_uc_minus",
        about: "map a page uncached as registers are (an MTRR may weaken it), unmap it",
        c_calls: "ioremap + iounmap",
        sides: Calls(c::iomrs_b_ioremap, ranges::ioremap),
        ..RANGE
    },
    Workload {
        name: "ioremap_uc",
        about: "map a page uncached, unmap it",
        c_calls: "ioremap_uc + iounmap",
        sides: Calls(c::iomrs_b_ioremap_uc, ranges::ioremap_uc),
        ..RANGE
    },
    Workload {
        name: "ioremap_wt",
        about: "map a page write-through, unmap it",
        c_calls: "ioremap_wt + iounmap",
        sides: Calls(c::iomrs_b_ioremap_wt, ranges::ioremap_wt),
        ..RANGE
    },
    Workload {
        name: "ioremap_cache",
        about: "map a page write-back, unmap it",
        c_calls: "ioremap_cache + iounmap",
        sides: Calls(c::iomrs_b_ioremap_cache, ranges::ioremap_cache),
        ..RANGE
    },
    Workload {
        name: "ioremap_many",
        about: "map 64 pages one by one, then unmap them; the result is the cost of one",
        c_calls: "ioremap + iounmap",
        sides: Calls(c::iomrs_b_ioremap_many, ranges::ioremap_many),
        sizes: &[MANY as u64 * PAGE],
        rounds: MANY,
        ..RANGE
    },
    Workload {
        name: "ioremap_among",
        about: "ioremap_many while 10,000 other pages are mapped",
        c_calls: "ioremap + iounmap",
        sides: Calls(c::iomrs_b_ioremap_many, ranges::ioremap_many),
        sizes: &[MANY as u64 * PAGE],
        rounds: MANY,
        others: 10_000,
        ..RANGE
    },
    Workload {
        name: "chunk",
        about: "map() that makes a chunk of a sparse aperture, trim()",
        c_calls: "ioremap_wc + iounmap",
        strategy: Strategy::Sparse,
        sides: Calls(c::iomrs_b_ioremap_wc, ranges::chunk),
        sizes: &[2 << 20],
        ..RANGE
    },
    Workload {
        strategy: Strategy::Whole,
        sides: Calls(c::iomrs_b_create_wc, ranges::create_whole),
        ..CREATE
    },
    Workload {
        strategy: Strategy::Sparse,
        sides: Calls(c::iomrs_b_create_wc, ranges::create_sparse),
        ..CREATE
    },
    Workload {
        name: "create_beside_page",
        about: "create a sparse aperture of any size, free it; C's is of one page only",
        strategy: Strategy::Sparse,
        sides: Calls(c::iomrs_b_create_page, ranges::create_sparse),
        sizes: &[1 << 20, 1 << 30, 64 << 30, 1 << 40],
        c_maps_whole: false,
        ..CREATE
    },
    Workload {
        name: "bar",
        about: "request and map a BAR, then unmap and release it, as drivers do",
        c_calls: "pci_request_region + pci_iomap + pci_iounmap + pci_release_region",
        target: Target::Bar,
        sides: Calls(c::iomrs_b_bar, ranges::bar),
        sizes: &[PAGE, 64 << 10, 2 << 20],
        ..RANGE
    },
    Workload {
        name: "bar_whole",
        about: "bar, of all bytes of the BAR",
        c_calls: "pci_request_region + pci_iomap + pci_iounmap + pci_release_region",
        target: Target::Bar,
        sides: Calls(c::iomrs_b_bar, ranges::bar),
        kernel_crate: Some(RustSide::Calls(kernel_crate::ranges::bar)),
        sizes: &[],
        ..RANGE
    },
    Workload {
        name: "bar_aperture",
        about: "create an aperture of a BAR, free it; requesting the BAR is subtracted",
        target: Target::Bar,
        strategy: Strategy::Sparse,
        sides: Calls(c::iomrs_b_bar_aperture, ranges::bar_aperture),
        c_overhead: Some(c::iomrs_b_request),
        sizes: &[],
        ..CREATE
    },
];
