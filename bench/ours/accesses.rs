// SPDX-License-Identifier: GPL-2.0

//! Loops that access memory and ports. `c/accesses.c` has C's.

use crate::harness::{
    fixture::Fixture,
    timing::{hide, sink, sink32, timed_loop},
};
use io_mapping_rs::{
    io::{IoExt, IoRepeat},
    io_region::IoRegionBackend,
    Mapping,
};
use kernel::{
    io::{Io, IoCapable},
    prelude::*,
};

/// Returns the value that is written, which the compiler does not know: the beginning of the pattern.
pub(crate) fn value(fixture: &Fixture<'_>) -> Result<u32> {
    let bytes = fixture.pattern.first_chunk().ok_or(EINVAL)?;
    let mut value = u32::from_ne_bytes(*bytes) as usize;
    hide(&mut value);
    // CAST: It has been a `u32`.
    Ok(value as u32)
}

/// The compiler knows the offset.
#[inline(never)]
pub(crate) fn read_const(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let view = fixture.memory()?.sized::<0x1000>()?;
    timed_loop(&fixture.offsets, |offset| {
        sink(offset as usize);
        sink32(view.read32(0x10));
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn write_const(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let (view, value) = (fixture.memory()?.sized::<0x1000>()?, value(fixture)?);
    timed_loop(&fixture.offsets, |offset| {
        sink(offset as usize);
        view.write32(value, 0x10);
        Ok(())
    })
}

/// The offset is known at run time only. `memory` is an argument so that the compiler knows that it
/// stays the same, whatever is read and written, and keeps what it needs of it in registers.
pub(crate) fn read_at(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    #[inline(never)]
    fn run(fixture: &Fixture<'_>, memory: &Mapping) -> Result<u64> {
        timed_loop(&fixture.offsets, |offset| {
            sink32(memory.try_at::<u32>(offset as usize)?.read_val());
            Ok(())
        })
    }
    run(fixture, fixture.memory()?)
}

pub(crate) fn write_at(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    #[inline(never)]
    fn run(fixture: &Fixture<'_>, memory: &Mapping, value: u32) -> Result<u64> {
        timed_loop(&fixture.offsets, |offset| {
            memory.try_at(offset as usize)?.write_val(value);
            Ok(())
        })
    }
    run(fixture, fixture.memory()?, value(fixture)?)
}

/// [`read_at`] by the accessor that has the name of the kernel crate's.
pub(crate) fn try_read(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    #[inline(never)]
    fn run(fixture: &Fixture<'_>, memory: &Mapping) -> Result<u64> {
        timed_loop(&fixture.offsets, |offset| {
            sink32(memory.try_read32(offset as usize)?);
            Ok(())
        })
    }
    run(fixture, fixture.memory()?)
}

pub(crate) fn try_write(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    #[inline(never)]
    fn run(fixture: &Fixture<'_>, memory: &Mapping, value: u32) -> Result<u64> {
        timed_loop(&fixture.offsets, |offset| {
            memory.try_write32(value, offset as usize)
        })
    }
    run(fixture, fixture.memory()?, value(fixture)?)
}

/// The device may be unbound at any time, which ends the access.
#[inline(never)]
pub(crate) fn revocable_read(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let bar = &fixture.revocable()?.ours;
    timed_loop(&fixture.offsets, |offset| {
        let bar = bar.try_access().ok_or(ENXIO)?;
        sink32(bar.try_read32(offset as usize)?);
        Ok(())
    })
}

/// A region of memory or ports: which of them it is, is known at run time only.
#[inline(never)]
pub(crate) fn region_read_at(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let region = fixture.region()?;
    timed_loop(&fixture.offsets, |offset| {
        sink32(region.try_at::<u32>(offset as usize)?.read_val());
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn region_write_at(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let (region, value) = (fixture.region()?, value(fixture)?);
    timed_loop(&fixture.offsets, |offset| {
        region.try_at(offset as usize)?.write_val(value);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn copy_from(fixture: &Fixture<'_>, data: &mut [u8]) -> Result<u64> {
    let memory = fixture.memory()?;
    let data = data.get_mut(..fixture.bytes).ok_or(EINVAL)?;
    timed_loop(&fixture.offsets, |offset| {
        memory.try_copy_to_slice(offset as usize, data)
    })
}

#[inline(never)]
pub(crate) fn copy_to(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let memory = fixture.memory()?;
    let data = fixture.pattern.get(..fixture.bytes).ok_or(EINVAL)?;
    timed_loop(&fixture.offsets, |offset| {
        memory.try_copy_from_slice(offset as usize, data)
    })
}

/// Reads a string of values from one register, as drivers of a FIFO do.
#[inline(never)]
pub(crate) fn read_rep<T>(fixture: &Fixture<'_>, data: &mut [u8]) -> Result<u64>
where
    T: kernel::transmute::FromBytes,
    IoRegionBackend: IoRepeat<T> + IoCapable<T>,
{
    let fifo = fixture.region()?.try_at::<T>(0)?;
    // SAFETY: `T` is `FromBytes`: any bytes are a value of it.
    let (_, data, _) = unsafe { data.align_to_mut::<T>() };
    let data = data
        .get_mut(..fixture.bytes / size_of::<T>())
        .ok_or(EINVAL)?;
    timed_loop(&fixture.offsets, |offset| {
        sink(offset as usize);
        fifo.read_rep(0, data);
        Ok(())
    })
}

/// Writes a string of values to one register.
#[inline(never)]
pub(crate) fn write_rep<T>(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64>
where
    T: kernel::transmute::FromBytes,
    IoRegionBackend: IoRepeat<T> + IoCapable<T>,
{
    let fifo = fixture.region()?.try_at::<T>(0)?;
    // SAFETY: `T` is `FromBytes`: any bytes are a value of it.
    let (_, data, _) = unsafe { fixture.pattern.align_to::<T>() };
    let data = data.get(..fixture.bytes / size_of::<T>()).ok_or(EINVAL)?;
    timed_loop(&fixture.offsets, |offset| {
        sink(offset as usize);
        fifo.write_rep(0, data);
        Ok(())
    })
}
