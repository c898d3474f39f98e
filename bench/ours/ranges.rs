// SPDX-License-Identifier: GPL-2.0

//! Calls that map ranges, apertures and BARs, and what unmaps them. `c/ranges.c` has C's.

use crate::harness::{
    fixture::{Fixture, NAME, PAGE, WRITE_COMBINING},
    timing::{ticks, timed, Ticks},
};
use io_mapping_rs::{
    ioremap,
    pci::{Aperture, Bar},
    CacheMode, IoMapping, Strategy,
};
use kernel::{alloc::KVec, prelude::*};

#[inline(always)]
fn map(fixture: &Fixture<'_>, mode: CacheMode) -> Result<Ticks> {
    let (phys, size) = (fixture.phys, fixture.size);
    // SAFETY: By the invariant of the fixture the range is ours.
    timed(|| unsafe { ioremap::Options::new(mode).map(phys, size) })
}

#[inline(never)]
pub(crate) fn ioremap(fixture: &Fixture<'_>) -> Result<Ticks> {
    map(fixture, CacheMode::UncachedMinus)
}

#[inline(never)]
pub(crate) fn ioremap_uc(fixture: &Fixture<'_>) -> Result<Ticks> {
    map(fixture, CacheMode::Uncached)
}

#[inline(never)]
pub(crate) fn ioremap_wc(fixture: &Fixture<'_>) -> Result<Ticks> {
    map(fixture, CacheMode::WriteCombining)
}

#[inline(never)]
pub(crate) fn ioremap_wt(fixture: &Fixture<'_>) -> Result<Ticks> {
    map(fixture, CacheMode::WriteThrough)
}

#[inline(never)]
pub(crate) fn ioremap_cache(fixture: &Fixture<'_>) -> Result<Ticks> {
    map(fixture, CacheMode::WriteBack)
}

/// Maps a page for each offset, then unmaps all of them.
#[inline(never)]
pub(crate) fn ioremap_many(fixture: &Fixture<'_>) -> Result<Ticks> {
    let mut mappings = KVec::with_capacity(fixture.offsets.len(), GFP_KERNEL)?;
    let start = ticks();
    for offset in fixture.offsets.iter() {
        // SAFETY: By the invariant of the fixture the page is within the range, which is ours.
        let mapping = unsafe { ioremap::ioremap(fixture.phys + offset, PAGE)? };
        mappings.push(mapping, GFP_KERNEL)?;
    }
    let mapped = ticks();
    mappings.clear();
    Ok(Ticks {
        map: mapped.wrapping_sub(start),
        unmap: ticks().wrapping_sub(mapped),
    })
}

#[inline(always)]
fn create(fixture: &Fixture<'_>, strategy: Strategy) -> Result<Ticks> {
    let (phys, size) = (fixture.phys, fixture.size);
    // SAFETY: By the invariant of the fixture the range is ours.
    timed(|| unsafe { IoMapping::with_strategy(phys, size, WRITE_COMBINING, strategy) })
}

#[inline(never)]
pub(crate) fn create_whole(fixture: &Fixture<'_>) -> Result<Ticks> {
    create(fixture, Strategy::Whole)
}

#[inline(never)]
pub(crate) fn create_sparse(fixture: &Fixture<'_>) -> Result<Ticks> {
    create(fixture, Strategy::Sparse)
}

/// Has a sparse aperture map a chunk, for a page of it; then has it unmap its chunks.
#[inline(never)]
pub(crate) fn chunk(fixture: &Fixture<'_>) -> Result<Ticks> {
    let (phys, size) = (fixture.phys, fixture.size);
    // SAFETY: By the invariant of the fixture the range is ours.
    let mut aperture =
        unsafe { IoMapping::with_strategy(phys, size, WRITE_COMBINING, Strategy::Sparse)? };
    let start = ticks();
    drop(aperture.map(0, PAGE)?);
    let mapped = ticks();
    aperture.trim();
    Ok(Ticks {
        map: mapped.wrapping_sub(start),
        unmap: ticks().wrapping_sub(mapped),
    })
}

/// Requests a BAR and maps it; then unmaps and releases it.
#[inline(never)]
pub(crate) fn bar(fixture: &Fixture<'_>) -> Result<Ticks> {
    let ((device, bar), size) = (fixture.bar()?, fixture.size);
    timed(|| Bar::iomap(device, bar, size, NAME))
}

/// Requests a BAR and makes an aperture of it, of which nothing is mapped; then undoes both.
#[inline(never)]
pub(crate) fn bar_aperture(fixture: &Fixture<'_>) -> Result<Ticks> {
    let (device, bar) = fixture.bar()?;
    timed(|| Aperture::new(device, bar, NAME, WRITE_COMBINING, Strategy::Sparse))
}
