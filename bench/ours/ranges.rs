// SPDX-License-Identifier: GPL-2.0

//! Our side of each comparison: the calls of `ranges.c`, in Rust.

use crate::{
    fixture::{Fixture, PAGE, WRITE_COMBINING},
    ticks::ticks,
};
use io_mapping_rs::{
    ioremap,
    pci::{Aperture, Bar},
    CacheMode, IoMapping, Strategy,
};
use kernel::{alloc::KVec, prelude::*};

/// Mapping and unmapping, in ticks.
pub(crate) type Pair = (u64, u64);

/// What `/proc/iomem` shows.
const NAME: &CStr = c"io-mapping-bench";

/// Times `map`, and then the end of what it gives.
#[inline(always)]
fn timed<T>(map: impl FnOnce() -> Result<T>) -> Result<Pair> {
    let start = ticks();
    let mapping = map();
    let mapped = ticks();
    drop(mapping?);
    Ok((mapped.wrapping_sub(start), ticks().wrapping_sub(mapped)))
}

#[inline(always)]
fn map(fixture: &Fixture<'_>, mode: CacheMode) -> Result<Pair> {
    let (phys, size) = (fixture.phys, fixture.size);
    // SAFETY: The range is ours, by the invariant of the fixture.
    timed(|| unsafe { ioremap::Options::new(mode).map(phys, size) })
}

/// `ioremap()` and drop.
#[inline(never)]
pub(crate) fn ioremap(fixture: &Fixture<'_>) -> Result<Pair> {
    map(fixture, CacheMode::UncachedMinus)
}

#[inline(never)]
pub(crate) fn ioremap_uc(fixture: &Fixture<'_>) -> Result<Pair> {
    map(fixture, CacheMode::Uncached)
}

#[inline(never)]
pub(crate) fn ioremap_wc(fixture: &Fixture<'_>) -> Result<Pair> {
    map(fixture, CacheMode::WriteCombining)
}

#[inline(never)]
pub(crate) fn ioremap_wt(fixture: &Fixture<'_>) -> Result<Pair> {
    map(fixture, CacheMode::WriteThrough)
}

#[inline(never)]
pub(crate) fn ioremap_cache(fixture: &Fixture<'_>) -> Result<Pair> {
    map(fixture, CacheMode::WriteBack)
}

/// A mapping of its own for each offset, all there at once.
#[inline(never)]
pub(crate) fn ioremap_many(fixture: &Fixture<'_>) -> Result<Pair> {
    let mut mappings = KVec::with_capacity(fixture.offsets.len(), GFP_KERNEL)?;
    let start = ticks();
    for offset in fixture.offsets.iter() {
        // SAFETY: A page within the range, which is ours, by the invariant of the fixture.
        let mapping = unsafe { ioremap::ioremap(fixture.phys + offset, PAGE)? };
        mappings.push(mapping, GFP_KERNEL)?;
    }
    let mapped = ticks();
    mappings.clear();
    Ok((mapped.wrapping_sub(start), ticks().wrapping_sub(mapped)))
}

#[inline(always)]
fn create(fixture: &Fixture<'_>, strategy: Strategy) -> Result<Pair> {
    let (phys, size) = (fixture.phys, fixture.size);
    // SAFETY: The range is ours, by the invariant of the fixture.
    timed(|| unsafe { IoMapping::with_strategy(phys, size, WRITE_COMBINING, strategy) })
}

/// An aperture mapped as a whole, and drop.
#[inline(never)]
pub(crate) fn create_whole(fixture: &Fixture<'_>) -> Result<Pair> {
    create(fixture, Strategy::Whole)
}

/// An aperture of which nothing is mapped, and drop.
#[inline(never)]
pub(crate) fn create_sparse(fixture: &Fixture<'_>) -> Result<Pair> {
    create(fixture, Strategy::Sparse)
}

/// A BAR requested and mapped, and drop, which releases it.
#[inline(never)]
pub(crate) fn bar(fixture: &Fixture<'_>) -> Result<Pair> {
    let ((device, bar), size) = (fixture.bar()?, fixture.size);
    timed(|| Bar::iomap(device, bar, size, NAME))
}

/// A BAR requested as an aperture of which nothing is mapped, and drop, which releases it.
#[inline(never)]
pub(crate) fn bar_aperture(fixture: &Fixture<'_>) -> Result<Pair> {
    let (device, bar) = fixture.bar()?;
    timed(|| Aperture::new(device, bar, NAME, WRITE_COMBINING, Strategy::Sparse))
}
