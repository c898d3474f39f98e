// SPDX-License-Identifier: GPL-2.0

//! Our half of the comparison of speed: the loops of `c_timing_io.c`, in Rust.

use crate::loops::{hide, sink, sink32, ticks};
use io_mapping_rs::{
    io::{IoExt, IoRepeat, Shared, View},
    io_region::{IoRegionBackend, IoRegionView},
    Mapping,
};
use kernel::io::{Io, Region};

/// A round that fails ends the test run: nothing of the loop is kept for after it.
#[cold]
#[inline(never)]
fn failed() -> ! {
    panic!("an access within the range is refused")
}

/// One round for each offset, the last one first.
#[inline(always)]
fn timed_loop(offsets: &[u64], mut round: impl FnMut(u64) -> Option<()>) -> Option<u64> {
    let first = offsets.as_ptr();
    let mut left = offsets.len();
    let start = ticks();
    while left != 0 {
        left -= 1;
        hide(&mut left);
        // SAFETY: Less than the length of `offsets`. An index would be checked, which C does not
        // do.
        if round(unsafe { *first.add(left) }).is_none() {
            failed();
        }
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

/// An offset that the compiler knows.
#[inline(never)]
pub(crate) fn read_const(view: View<'_, Region<0x1000>, Shared>, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink(offset as usize);
        sink32(view.read32(0x10));
        Some(())
    })
}

#[inline(never)]
pub(crate) fn write_const(
    view: View<'_, Region<0x1000>, Shared>,
    offsets: &[u64],
    mut value: usize,
) -> Option<u64> {
    hide(&mut value);
    timed_loop(offsets, |offset| {
        sink(offset as usize);
        view.write32(value as u32, 0x10);
        Some(())
    })
}

/// An offset known at run time, with the tests of the kernel crate.
#[inline(never)]
pub(crate) fn try_read(mapping: &Mapping, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink32(mapping.try_read32(offset as usize).ok()?);
        Some(())
    })
}

#[inline(never)]
pub(crate) fn try_write(mapping: &Mapping, offsets: &[u64], mut value: usize) -> Option<u64> {
    hide(&mut value);
    timed_loop(offsets, |offset| {
        mapping.try_write32(value as u32, offset as usize).ok()
    })
}

/// The same with ours.
#[inline(never)]
pub(crate) fn read_at(mapping: &Mapping, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink32(mapping.try_at::<u32>(offset as usize).ok()?.read_val());
        Some(())
    })
}

#[inline(never)]
pub(crate) fn write_at(mapping: &Mapping, offsets: &[u64], mut value: usize) -> Option<u64> {
    hide(&mut value);
    timed_loop(offsets, |offset| {
        mapping
            .try_at(offset as usize)
            .ok()?
            .write_val(value as u32);
        Some(())
    })
}

#[inline(never)]
pub(crate) fn region_try_read(region: IoRegionView<'_, Region>, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink32(region.try_read32(offset as usize).ok()?);
        Some(())
    })
}

#[inline(never)]
pub(crate) fn region_try_write(
    region: IoRegionView<'_, Region>,
    offsets: &[u64],
    mut value: usize,
) -> Option<u64> {
    hide(&mut value);
    timed_loop(offsets, |offset| {
        region.try_write32(value as u32, offset as usize).ok()
    })
}

#[inline(never)]
pub(crate) fn region_read_at(region: IoRegionView<'_, Region>, offsets: &[u64]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        sink32(region.try_at::<u32>(offset as usize).ok()?.read_val());
        Some(())
    })
}

#[inline(never)]
pub(crate) fn region_write_at(
    region: IoRegionView<'_, Region>,
    offsets: &[u64],
    mut value: usize,
) -> Option<u64> {
    hide(&mut value);
    timed_loop(offsets, |offset| {
        region.try_at(offset as usize).ok()?.write_val(value as u32);
        Some(())
    })
}

#[inline(never)]
pub(crate) fn copy_from(mapping: &Mapping, offsets: &[u64], data: &mut [u8]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        mapping.try_copy_to_slice(offset as usize, data).ok()
    })
}

#[inline(never)]
pub(crate) fn copy_to(mapping: &Mapping, offsets: &[u64], data: &[u8]) -> Option<u64> {
    timed_loop(offsets, |offset| {
        mapping.try_copy_from_slice(offset as usize, data).ok()
    })
}

/// From and to one register, as drivers of a FIFO do.
#[inline(never)]
pub(crate) fn read_rep<T>(fifo: IoRegionView<'_, T>, offsets: &[u64], data: &mut [T]) -> Option<u64>
where
    IoRegionBackend: IoRepeat<T>,
{
    timed_loop(offsets, |offset| {
        sink(offset as usize);
        fifo.read_rep(0, data);
        Some(())
    })
}

#[inline(never)]
pub(crate) fn write_rep<T>(fifo: IoRegionView<'_, T>, offsets: &[u64], data: &[T]) -> Option<u64>
where
    IoRegionBackend: IoRepeat<T>,
{
    timed_loop(offsets, |offset| {
        sink(offset as usize);
        fifo.write_rep(0, data);
        Some(())
    })
}
