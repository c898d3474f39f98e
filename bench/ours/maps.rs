// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Loops that map pages of an aperture. `c/maps.c` has C's.

use crate::harness::{
    fixture::Fixture,
    timing::{sink, sink32, timed_loop},
};
use kernel::{io::Io, prelude::*};

#[inline(never)]
pub(crate) fn empty(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    timed_loop(&fixture.offsets, |offset| {
        sink(offset as usize);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn map(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.aperture()?;
    timed_loop(&fixture.offsets, |offset| {
        sink(aperture.map(offset, 4096)?.addr());
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn map_local(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.aperture()?;
    timed_loop(&fixture.offsets, |offset| {
        sink(aperture.map_local(offset)?.addr());
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn map_atomic(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.aperture()?;
    timed_loop(&fixture.offsets, |offset| {
        sink(aperture.map_atomic(offset, |map| map.addr())?);
        Ok(())
    })
}

/// The compiler knows the size of the aperture.
#[inline(never)]
pub(crate) fn map_sized(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.aperture()?.sized::<0x20_0000>()?;
    timed_loop(&fixture.offsets, |offset| {
        sink(aperture.try_map_local(offset)?.addr());
        Ok(())
    })
}

/// The compiler knows the size of the aperture and the offset.
#[inline(never)]
pub(crate) fn map_const(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.aperture()?.sized::<8192>()?;
    timed_loop(&fixture.offsets, |offset| {
        sink(offset as usize);
        sink(aperture.map_local::<4096>().addr());
        Ok(())
    })
}

/// [`map_const`] with a store.
#[inline(never)]
pub(crate) fn write_const(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.aperture()?.sized::<8192>()?;
    timed_loop(&fixture.offsets, |offset| {
        sink(offset as usize);
        aperture.map_local::<4096>().write32(0, 0);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn read(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.aperture()?;
    timed_loop(&fixture.offsets, |offset| {
        sink32(aperture.map_local(offset)?.try_read32(0)?);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn read_atomic(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.aperture()?;
    timed_loop(&fixture.offsets, |offset| {
        sink32(aperture.map_atomic(offset, |map| map.try_read32(0))??);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn nested(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = fixture.aperture()?;
    timed_loop(&fixture.offsets, |offset| {
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
    let aperture = fixture.aperture()?;
    timed_loop(&fixture.offsets, |offset| {
        let page = aperture.map_local(offset)?;
        page.bytes().copy_from_slice(&fixture.pattern);
        page.bytes().copy_to_slice(data);
        if data != fixture.pattern.as_slice() {
            return Err(EIO);
        }
        Ok(())
    })
}
