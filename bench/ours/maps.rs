// SPDX-License-Identifier: GPL-2.0

//! Our side of each comparison: the loops of `maps.c`, maps of an aperture, in Rust.

use crate::{
    fixture::Fixture,
    ticks::{hide, sink, ticks},
};
use kernel::{io::Io, prelude::*};

/// One round for each offset, the last one first.
#[inline(always)]
pub(crate) fn timed_loop(setup: &Fixture<'_>, mut round: impl FnMut(u64) -> Result) -> Result<u64> {
    let offsets = setup.offsets.as_slice();
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
pub(crate) fn empty(setup: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    timed_loop(setup, |offset| {
        sink(offset as usize);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn map(setup: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = setup.ours()?;
    timed_loop(setup, |offset| {
        sink(aperture.map(offset, 4096)?.addr());
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn map_local(setup: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = setup.ours()?;
    timed_loop(setup, |offset| {
        sink(aperture.map_local(offset)?.addr());
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn map_atomic(setup: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = setup.ours()?;
    timed_loop(setup, |offset| {
        sink(aperture.map_atomic(offset)?.addr());
        Ok(())
    })
}

/// A size that the compiler knows: the aperture's.
#[inline(never)]
pub(crate) fn map_sized(setup: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = setup.ours()?.sized::<0x20_0000>()?;
    timed_loop(setup, |offset| {
        sink(aperture.try_map_local(offset)?.addr());
        Ok(())
    })
}

/// An offset that the compiler knows.
#[inline(never)]
pub(crate) fn map_const(setup: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = setup.ours()?.sized::<8192>()?;
    timed_loop(setup, |offset| {
        sink(offset as usize);
        sink(aperture.map_local::<4096>().addr());
        Ok(())
    })
}

/// The same with a store.
#[inline(never)]
pub(crate) fn write_const(setup: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = setup.ours()?.sized::<8192>()?;
    timed_loop(setup, |offset| {
        sink(offset as usize);
        aperture.map_local::<4096>().write32(0, 0);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn read(setup: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = setup.ours()?;
    timed_loop(setup, |offset| {
        sink(aperture.map_local(offset)?.try_read32(0)? as usize);
        Ok(())
    })
}

/// The same by an atomic map.
#[inline(never)]
pub(crate) fn read_atomic(setup: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = setup.ours()?;
    timed_loop(setup, |offset| {
        sink(aperture.map_atomic(offset)?.try_read32(0)? as usize);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn nested(setup: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let aperture = setup.ours()?;
    timed_loop(setup, |offset| {
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
pub(crate) fn verify(setup: &Fixture<'_>, data: &mut [u8]) -> Result<u64> {
    let aperture = setup.ours()?;
    timed_loop(setup, |offset| {
        let page = aperture.map_local(offset)?;
        page.bytes().copy_from_slice(&setup.pattern);
        page.bytes().copy_to_slice(data);
        if data != setup.pattern.as_slice() {
            return Err(EIO);
        }
        Ok(())
    })
}
