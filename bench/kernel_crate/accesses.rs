// SPDX-License-Identifier: GPL-2.0

//! Loops that access memory.

use crate::harness::{
    fixture::Fixture,
    kernel_crate::registers::Registers,
    ours::accesses::value,
    timing::{sink, sink32, timed_loop},
};
use core::ptr;
use kernel::{
    io::{io_project, Io, IoBackend, IoBase, Mmio, MmioBackend},
    prelude::*,
};

/// Returns the memory of a fixture.
fn registers<const SIZE: usize>(fixture: &Fixture<'_>) -> Result<Registers<SIZE>> {
    let memory = fixture.memory()?;
    // SAFETY: The mapping has these bytes. The loops below use the result no longer than their borrow
    // of the fixture.
    unsafe { Registers::new(memory.addr(), memory.size()) }
}

/// Returns all of the memory as bytes.
fn bytes<'a>(registers: &'a Registers) -> Mmio<'a, [u8]> {
    let view = registers.as_view();
    let (first, size) = (MmioBackend::as_ptr(view).cast(), registers.size());
    let ptr = ptr::slice_from_raw_parts_mut(first, size);
    // SAFETY: These are the bytes of the view, and bytes are always aligned.
    unsafe { MmioBackend::project_view(view, ptr) }
}

/// The compiler knows the offset.
#[inline(never)]
pub(crate) fn read_const(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let registers = registers::<0x1000>(fixture)?;
    timed_loop(&fixture.offsets, |offset| {
        sink(offset as usize);
        sink32(registers.read32(0x10));
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn write_const(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let (registers, value) = (registers::<0x1000>(fixture)?, value(fixture)?);
    timed_loop(&fixture.offsets, |offset| {
        sink(offset as usize);
        registers.write32(value, 0x10);
        Ok(())
    })
}

/// The offset is known at run time only.
#[inline(never)]
pub(crate) fn try_read(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let registers = registers::<0>(fixture)?;
    timed_loop(&fixture.offsets, |offset| {
        sink32(registers.try_read32(offset as usize)?);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn try_write(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let (registers, value) = (registers::<0>(fixture)?, value(fixture)?);
    timed_loop(&fixture.offsets, |offset| {
        registers.try_write32(value, offset as usize)
    })
}

/// The device may be unbound at any time, which ends the access.
#[inline(never)]
pub(crate) fn revocable_read(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let registers = &fixture.revocable()?.kernel_crate;
    timed_loop(&fixture.offsets, |offset| {
        let registers = registers.try_access().ok_or(ENXIO)?;
        sink32(registers.try_read32(offset as usize)?);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn copy_from(fixture: &Fixture<'_>, data: &mut [u8]) -> Result<u64> {
    let (registers, len) = (registers::<0>(fixture)?, fixture.bytes);
    let (memory, data) = (bytes(&registers), data.get_mut(..len).ok_or(EINVAL)?);
    timed_loop(&fixture.offsets, |offset| {
        let offset = offset as usize;
        io_project!(memory, [try: offset..offset + len]).copy_to_slice(data);
        Ok(())
    })
}

#[inline(never)]
pub(crate) fn copy_to(fixture: &Fixture<'_>, _: &mut [u8]) -> Result<u64> {
    let (registers, len) = (registers::<0>(fixture)?, fixture.bytes);
    let (memory, data) = (bytes(&registers), fixture.pattern.get(..len).ok_or(EINVAL)?);
    timed_loop(&fixture.offsets, |offset| {
        let offset = offset as usize;
        io_project!(memory, [try: offset..offset + len]).copy_from_slice(data);
        Ok(())
    })
}
