// SPDX-License-Identifier: GPL-2.0

//! Mapping ranges, apertures and BARs, and unmapping them.

use super::{Sides, Target, Workload};
use crate::{
    c,
    fixture::{Fixture, PAGE},
    ours::ranges,
};
use io_mapping_rs::Strategy;
use kernel::prelude::*;

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

const fn ioremap(
    name: &'static str,
    about: &'static str,
    call: &'static str,
    c: c::TimedPair,
    ours: fn(&Fixture<'_>) -> Result<ranges::Pair>,
) -> Workload {
    Workload {
        name,
        about,
        call,
        sizes: &[PAGE],
        sides: Sides::Pair {
            c,
            ours,
            empty: None,
        },
        ..Workload::PLAIN
    }
}

const fn create(strategy: Strategy, ours: fn(&Fixture<'_>) -> Result<ranges::Pair>) -> Workload {
    Workload {
        strategy,
        sizes: CREATED,
        ..ioremap(
            "create",
            "an aperture and its end",
            "io_mapping_create_wc + io_mapping_free",
            c::iomrs_b_create_wc,
            ours,
        )
    }
}

pub(super) static WORKLOADS: &[Workload] = &[
    Workload {
        sizes: MAPPED,
        ..ioremap(
            "ioremap",
            "a write-combining mapping of a range and its end",
            "ioremap_wc + iounmap",
            c::iomrs_b_ioremap_wc,
            ranges::ioremap_wc,
        )
    },
    ioremap(
        "ioremap_uc_minus",
        "the same uncached, which MTRRs may weaken: what registers get",
        "ioremap + iounmap",
        c::iomrs_b_ioremap,
        ranges::ioremap,
    ),
    ioremap(
        "ioremap_uc",
        "the same uncached",
        "ioremap_uc + iounmap",
        c::iomrs_b_ioremap_uc,
        ranges::ioremap_uc,
    ),
    ioremap(
        "ioremap_wt",
        "the same write-through",
        "ioremap_wt + iounmap",
        c::iomrs_b_ioremap_wt,
        ranges::ioremap_wt,
    ),
    ioremap(
        "ioremap_cache",
        "the same write-back",
        "ioremap_cache + iounmap",
        c::iomrs_b_ioremap_cache,
        ranges::ioremap_cache,
    ),
    Workload {
        sizes: &[MANY as u64 * PAGE],
        rounds: MANY,
        ..ioremap(
            "ioremap_many",
            "64 mappings of a page, all there at once, and their ends; told is what one takes",
            "ioremap + iounmap",
            c::iomrs_b_ioremap_many,
            ranges::ioremap_many,
        )
    },
    create(Strategy::Whole, ranges::create_whole),
    create(Strategy::Sparse, ranges::create_sparse),
    Workload {
        name: "create_beside_page",
        about: "a sparse aperture of any size and its end beside one of C's of a page",
        sizes: &[1 << 20, 1 << 30, 64 << 30, 1 << 40],
        sides: Sides::Pair {
            c: c::iomrs_b_create_page,
            ours: ranges::create_sparse,
            empty: None,
        },
        c_maps_all: false,
        ..create(Strategy::Sparse, ranges::create_sparse)
    },
    Workload {
        target: Target::Bar,
        sizes: &[PAGE, 64 << 10, 2 << 20],
        ..ioremap(
            "bar",
            "a BAR requested and mapped, then unmapped and released, as drivers do",
            "pci_request_region + pci_iomap + pci_iounmap + pci_release_region",
            c::iomrs_b_bar,
            ranges::bar,
        )
    },
    Workload {
        name: "bar_aperture",
        about: "the aperture of a BAR and its end, less request and release of the region",
        target: Target::Bar,
        sizes: &[],
        sides: Sides::Pair {
            c: c::iomrs_b_bar_aperture,
            ours: ranges::bar_aperture,
            empty: Some(c::iomrs_b_request),
        },
        ..create(Strategy::Sparse, ranges::bar_aperture)
    },
];
