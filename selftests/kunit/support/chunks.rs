// SPDX-License-Identifier: GPL-2.0

//! Chunks of sparse apertures: how many the library allows, and whether maps show what they should.

use crate::support::{outcome::*, ranges::PAGE_2M, translation::phys_at};
use io_mapping_rs::IoMapping;

/// Bytes of a chunk.
pub(crate) const CHUNK: u64 = PAGE_2M;

/// Returns how many chunks `chunk_budget=` allows, in MiB, with which the library was loaded.
pub(crate) fn allowed_chunks() -> u64 {
    crate::module_parameters::chunk_budget.value() / 2
}

/// Says whether `count` chunks are allowed, for tests that are not about the budget.
pub(crate) fn chunks(count: u64) -> Available {
    if allowed_chunks() < count {
        return Err(c"chunk_budget= allows too few chunks");
    }
    Ok(())
}

/// Fails the test unless a map of each kind of the page at `offset` shows `phys`.
pub(crate) fn check_all_maps(aperture: &IoMapping, offset: u64, phys: u64) -> Outcome {
    let local = aperture.map_local(offset).map(|map| phys_at(map.addr()));
    check_eq!(local, Ok(Some(phys)));
    let atomic = aperture.map_atomic(offset, |map| phys_at(map.addr()));
    check_eq!(atomic, Ok(Some(phys)));
    let map = aperture.map(offset, 1).map(|map| phys_at(map.addr()));
    check_eq!(map, Ok(Some(phys)));
    Ok(())
}
