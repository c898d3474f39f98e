// SPDX-License-Identifier: GPL-2.0

//! Our half of the comparison of speed: the loops of `c_timing.c`, in Rust.

pub(crate) use crate::ticks::{hide, sink, sink32, ticks};
use io_mapping_rs::{
    io_mapping::SizedIoMapping,
    ioremap::{self, Options},
    CacheMode, IoMapping, Strategy,
};
use kernel::io::Io;

/// What reading the ticks costs by itself.
pub(crate) fn nothing() -> u64 {
    crate::ticks::nothing().0
}

/// Mapping and unmapping, in ticks.
pub(crate) type Pair = (u64, u64);

/// `ioremap_wc()` and drop.
#[inline(never)]
pub(crate) fn ioremap_wc(phys: u64, size: u64) -> Option<Pair> {
    let start = ticks();
    // SAFETY: The range is that of a test.
    let mapping = unsafe { ioremap::ioremap_wc(phys, size) };
    let mapped = ticks();
    // Dropped where it is: C has a pointer to it only.
    let made = mapping.is_ok();
    drop(mapping);
    let unmapped = ticks();
    made.then_some((mapped - start, unmapped - mapped))
}

/// What both sides map.
pub(crate) const WRITE_COMBINING: Options = Options::new(CacheMode::WriteCombining);

/// A whole aperture and drop.
pub(crate) fn create_wc(phys: u64, size: u64) -> Option<Pair> {
    create(phys, size, WRITE_COMBINING, Strategy::Whole)
}

/// A sparse aperture and drop, of addresses that may be in no resource.
pub(crate) fn create_sparse(phys: u64, size: u64) -> Option<Pair> {
    let options = WRITE_COMBINING.across_resources();
    create(phys, size, options, Strategy::Sparse)
}

#[inline(never)]
fn create(phys: u64, size: u64, options: Options, strategy: Strategy) -> Option<Pair> {
    let start = ticks();
    // SAFETY: The range is that of a test.
    let mapping = unsafe { IoMapping::with_strategy(phys, size, options, strategy) };
    let mapped = ticks();
    // Dropped where it is: C has a pointer to it only.
    let made = mapping.is_ok();
    drop(mapping);
    let unmapped = ticks();
    made.then_some((mapped - start, unmapped - mapped))
}

/// One round for each offset, the last one first; `None` where a round fails.
#[inline(always)]
fn timed_loop(offsets: &[u64], round: impl Fn(u64) -> Option<()>) -> Option<u64> {
    let first = offsets.as_ptr();
    let mut left = offsets.len();
    let start = ticks();
    while left != 0 {
        left -= 1;
        // SAFETY: Less than the length of `offsets`. An index would be checked, which C does not
        // do.
        let offset = unsafe { *first.add(left) };
        hide(&mut left);
        round(offset)?;
    }
    Some(ticks() - start)
}

#[inline(never)]
pub(crate) fn empty(offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink(offset as usize);
        Some(())
    })
}

#[inline(never)]
pub(crate) fn map(aperture: &IoMapping, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink(aperture.map(offset, 4096).ok()?.addr());
        Some(())
    })
}

#[inline(never)]
pub(crate) fn map_local(aperture: &IoMapping, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink(aperture.map_local(offset).ok()?.addr());
        Some(())
    })
}

#[inline(never)]
pub(crate) fn map_atomic(aperture: &IoMapping, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink(aperture.map_atomic(offset).ok()?.addr());
        Some(())
    })
}

/// With a read of the page.
#[inline(never)]
pub(crate) fn read_local(aperture: &IoMapping, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        let page = aperture.map_local(offset).ok()?;
        sink(page.try_read32(0).ok()? as usize);
        Some(())
    })
}

#[inline(never)]
pub(crate) fn read_atomic(aperture: &IoMapping, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        let page = aperture.map_atomic(offset).ok()?;
        sink(page.try_read32(0).ok()? as usize);
        Some(())
    })
}

/// A size that the compiler knows: the aperture's.
#[inline(never)]
pub(crate) fn map_sized(aperture: SizedIoMapping<'_, 0x20_0000>, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink(aperture.try_map_local(offset).ok()?.addr());
        Some(())
    })
}

/// An offset that the compiler knows.
#[inline(never)]
pub(crate) fn map_const(aperture: SizedIoMapping<'_, 8192>, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink(offset as usize);
        sink(aperture.map_local::<4096>().addr());
        Some(())
    })
}

/// The same with a store.
#[inline(never)]
pub(crate) fn write_const(aperture: SizedIoMapping<'_, 8192>, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink(offset as usize);
        let page = aperture.map_local::<4096>();
        page.write32(0, 0);
        Some(())
    })
}
