// SPDX-License-Identifier: GPL-2.0

//! Our side of each comparison: the loops of `maps.c`, maps of an aperture, in Rust.

use crate::{
    fixture::Fixture,
    ticks::{hide, sink, ticks},
};
use kernel::{io::Io, prelude::*};

/// One round for each offset, the last one first.
#[inline(always)]
pub(crate) fn timed_loop(
    fixture: &Fixture<'_>,
    mut round: impl FnMut(u64) -> Result,
) -> Result<u64> {
    let offsets = fixture.offsets.as_slice();
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
    Ok(ticks().wrapping_sub(start))
}

#[inline(never)]
pub(crate) fn empty(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    timed_loop(fixture, |offset| {
        sink(offset as usize);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn map(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.ours()?;
    timed_loop(fixture, |offset| {
        sink(aperture.map(offset, 4096)?.addr());
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn map_local(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.ours()?;
    timed_loop(fixture, |offset| {
        sink(aperture.map_local(offset)?.addr());
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn map_atomic(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.ours()?;
    timed_loop(fixture, |offset| {
        sink(aperture.map_atomic(offset)?.addr());
        Ok(())
    })
}

/// A size that the compiler knows: the aperture's.
#[inline(never)]
pub(crate) fn map_sized(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.ours()?.sized::<0x20_0000>()?;
    timed_loop(fixture, |offset| {
        sink(aperture.try_map_local(offset)?.addr());
        Ok(())
    })
}

/// An offset that the compiler knows.
#[inline(never)]
pub(crate) fn map_const(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.ours()?.sized::<8192>()?;
    timed_loop(fixture, |offset| {
        sink(offset as usize);
        sink(aperture.map_local::<4096>().addr());
        Ok(())
    })
}

/// The same with a store.
#[inline(never)]
pub(crate) fn write_const(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.ours()?.sized::<8192>()?;
    timed_loop(fixture, |offset| {
        sink(offset as usize);
        aperture.map_local::<4096>().write32(0, 0);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn read(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.ours()?;
    timed_loop(fixture, |offset| {
        sink(aperture.map_local(offset)?.try_read32(0)? as usize);
        Ok(())
    })
}

/// The same by an atomic map.
#[inline(never)]
pub(crate) fn read_atomic(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.ours()?;
    timed_loop(fixture, |offset| {
        sink(aperture.map_atomic(offset)?.try_read32(0)? as usize);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn nested(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.ours()?;
    timed_loop(fixture, |offset| {
        let first = aperture.map_local(offset)?;
        let second = first.map_local(offset ^ 0x1000)?;
        let third = second.map_local(offset ^ 0x2000)?;
        let fourth = third.map_local(offset ^ 0x3000)?;
        sink(first.addr());
        sink(second.addr());
        sink(third.addr());
        sink(fourth.addr());
        Ok(())
    })
}

/// Fills each page, reads it back and compares.
#[inline(never)]
pub(crate) fn verify(fixture: &Fixture<'_>, data: &mut [u8]) -> Result<u64> {
    let aperture = fixture.ours()?;
    timed_loop(fixture, |offset| {
        let page = aperture.map_local(offset)?;
        page.bytes().copy_from_slice(&fixture.pattern);
        page.bytes().copy_to_slice(data);
        if data != fixture.pattern.as_slice() {
            return Err(EIO);
        }
        Ok(())
    })
}
