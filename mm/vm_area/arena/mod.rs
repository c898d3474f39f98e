// SPDX-License-Identifier: GPL-2.0

//! Kernel address space in large areas, of which parts are handed out.
//!
//! An unmodified kernel gives a module no address space to fill as it likes. But `vmap()` makes areas with
//! tables, whose entries can be reached. So a few large areas are made, the units, and parts of them are
//! handed out. With the exported backend the units are areas of `get_vm_area_caller()`, where the module was
//! loaded with `arena=1`. `docs/design.md` has a picture.
//!
//! - `vmap.rs`: the area of a unit on an unmodified kernel.
//! - `unit.rs`: a unit, its tables, and the entries of a part.
//! - `free_pages.rs`, `page_map.rs`, `rows.rs`: which pages of a unit are free.
//! - `dirty.rs`: parts that have been unmapped, and await a flush of every CPU.
//! - `space.rs`: all of these together, under a lock.
//! - `growth.rs`: more units where the ones that are there are full; `budget.rs` says up to where.
//! - `shrink.rs`: fewer units, after a while without use.
//!
//! A part is unmapped without waiting for anybody: its entries are cleared, and it is queued. Who maps flushes
//! every CPU now and then, and may wait for that.

use super::arena_usage::{UnitUsage, Usage};
use super::{Handle, VmArea};
use crate::arch::page_table::{PMD_SHIFT, PUD_SHIFT};
use crate::bindings::{iomrs_space_lock, spin_lock::SpinLock};
use crate::mm::cache_mode::Protection;
use crate::mm::flush;
use crate::mm::machine;
use crate::mm::phys_range::PAGE_SHIFT;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    prelude::*,
};

mod budget;
mod dirty;
mod free_pages;
mod growth;
mod page_map;
mod rows;
mod shrink;
mod space;
mod unit;
#[cfg(iomrs_stock)]
mod vmap;
use dirty::{Flush, Part};
pub(crate) use growth::Registration;
use space::{Request, Space, Taken, MAX_UNITS};
use unit::Unit;

/// Tasks alone take it, as those of C's `ioremap()`: interrupts may stay on.
// SAFETY: The lock is for this alone.
static SPACE: SpinLock<Option<Space>> = unsafe { SpinLock::new(&raw mut iomrs_space_lock, None) };

/// Each unit, or null. One that has a part in use stays.
static UNITS: [AtomicPtr<Unit>; MAX_UNITS] = [const { AtomicPtr::new(ptr::null_mut()) }; MAX_UNITS];

/// Whether mappings come from the arena. It does not change after the module has been loaded.
#[inline(always)]
pub(super) fn is_in_use() -> bool {
    cfg!(iomrs_stock) || growth::is_registered()
}

/// Returns the [`Part::word`] of a part that has been taken as an address that is never used as one; `None`
/// for 0.
#[inline(always)]
fn handle_of(word: u64) -> Option<Handle> {
    // CAST: as wide.
    NonNull::new(ptr::without_provenance_mut(word as usize))
}

/// Returns the part whose handle it is.
#[inline(always)]
fn part_of(handle: Handle) -> Part {
    // CAST: as wide.
    Part::from_word(handle.addr().get() as u64)
}

/// As [`VmArea::map`].
#[inline(always)]
pub(super) fn map(phys: u64, size: usize, prot: Protection) -> Result<(VmArea, usize)> {
    let (area, unit, addr) = take(phys, size, machine::max_page_shift())?;
    // SAFETY: The part has been taken, and nobody knows it yet. Only what is clean is handed out.
    unsafe { unit.map(addr..addr + size, phys, prot)? };
    Ok((area, addr))
}

/// As [`VmArea::reserve`].
pub(super) fn reserve(size: usize) -> Result<(VmArea, usize)> {
    let (area, unit, addr) = take(0, size, PAGE_SHIFT)?;
    // SAFETY: As in `map`.
    unsafe { unit.prepare_small(addr..addr + size)? };
    Ok((area, addr))
}

/// Returns how much is in use; `None` where mappings do not come from the arena.
pub(crate) fn usage() -> Option<Usage> {
    if !is_in_use() {
        return None;
    }
    let usage = SPACE.lock().as_mut().map(Space::usage)?;
    Some(Usage {
        tables: tables_of(usage.reserved),
        flushes: flush::count(),
        ..usage
    })
}

/// Returns the bytes of the tables that units of that many bytes have.
fn tables_of(reserved: u64) -> u64 {
    // Those of small pages, and those of middle ones, which a unit of less than 1 GiB may share.
    ((reserved >> PMD_SHIFT) + (reserved >> PUD_SHIFT)) << PAGE_SHIFT
}

/// Returns each unit, with how much of it is in use.
pub(crate) fn units() -> impl Iterator<Item = UnitUsage> {
    let indices = if is_in_use() { 0..MAX_UNITS } else { 0..0 };
    indices.filter_map(|index| SPACE.lock().as_mut()?.unit_usage(index))
}

/// Unmaps a part, and has it await a flush.
///
/// # Safety
///
/// [`take`] has returned it, and it has not been freed. Nobody uses its addresses any more.
///
/// # Context
///
/// A task, also one with soft interrupts off.
pub(super) unsafe fn free(handle: Handle) {
    let part = part_of(handle);
    if let Some(unit) = unit_of(part) {
        let addr = addr_of(unit, part);
        // SAFETY: The part is in use, and its user, our caller, is done with it.
        unsafe { unit.unmap(addr..addr + ((part.pages as usize) << PAGE_SHIFT)) };
    }
    if let Some(space) = &mut *SPACE.lock() {
        space.push(part);
    }
}

/// The unit of a part that is in use.
#[inline(always)]
fn unit_of(part: Part) -> Option<&'static Unit> {
    let unit = UNITS.get(usize::from(part.unit))?.load(Ordering::Acquire);
    // SAFETY: Null, or a unit, which stays as one of its parts is in use.
    unsafe { unit.as_ref() }
}

/// The first address of a part.
#[inline(always)]
fn addr_of(unit: &Unit, part: Part) -> usize {
    // CAST: From 28 bits.
    unit.addr() + ((part.first as usize) << PAGE_SHIFT)
}

/// Takes `size` bytes that are to map the physical addresses from `phys` on, by pages of up to
/// `1 << max_shift` bytes. Returns the area, its unit and its first address.
#[inline(always)]
fn take(phys: u64, size: usize, max_shift: u32) -> Result<(VmArea, &'static Unit, usize)> {
    let shift = largest_page(phys, size, max_shift);
    let handle = match take_aligned(request(phys, size, shift)) {
        Err(_) if shift != PAGE_SHIFT => take_for_smaller_pages(phys, size, shift)?,
        handle => handle?,
    };
    // INVARIANT: Taken just now.
    let part = part_of(handle);
    let area = VmArea(handle);
    let unit = unit_of(part).ok_or(ENOMEM)?;
    Ok((area, unit, addr_of(unit, part)))
}

/// Returns the size of the largest page of physical memory that lies within the range, as a shift of at most
/// `max_shift`.
#[inline(always)]
fn largest_page(phys: u64, size: usize, max_shift: u32) -> u32 {
    if size >> PMD_SHIFT == 0 {
        return PAGE_SHIFT;
    }
    let mut shifts = [PUD_SHIFT, PMD_SHIFT].into_iter();
    let fits = |&shift: &u32| shift <= max_shift && has_page(phys, size, shift);
    shifts.find(fits).unwrap_or(PAGE_SHIFT)
}

/// As [`take`], where no pages are free that are aligned for pages of `1 << shift` bytes.
#[cold]
#[inline(never)]
fn take_for_smaller_pages(phys: u64, size: usize, shift: u32) -> Result<Handle> {
    let smaller = largest_page(phys, size, shift - 1);
    match take_aligned(request(phys, size, smaller)) {
        Err(_) if smaller != PAGE_SHIFT => take_aligned(request(phys, size, PAGE_SHIFT)),
        handle => handle,
    }
}

/// Asks for `size` bytes that are aligned as `phys` is, for pages of `1 << shift` bytes.
#[inline(always)]
fn request(phys: u64, size: usize, shift: u32) -> Request {
    Request {
        pages: size >> PAGE_SHIFT,
        align_shift: shift - PAGE_SHIFT,
        residue: (phys >> PAGE_SHIFT) as usize,
    }
}

/// Whether one of the pages of `1 << shift` bytes of physical memory lies within a range.
#[inline(always)]
fn has_page(phys: u64, size: usize, shift: u32) -> bool {
    let page = 1 << shift;
    let first = phys.next_multiple_of(page);
    size as u64 >= page && first - phys <= size as u64 - page
}

/// Takes what `request` asks for, where it is free, clean or can be made.
///
/// # Errors
///
/// `ENOMEM`.
///
/// # Context
///
/// May sleep.
#[inline(always)]
fn take_aligned(request: Request) -> Result<Handle> {
    let word = SPACE
        .lock()
        .as_mut()
        .map_or(0, |space| space.take_now(request));
    match handle_of(word) {
        Some(handle) => Ok(handle),
        None => take_slowpath(request),
    }
}

#[cold]
#[inline(never)]
fn take_slowpath(request: Request) -> Result<Handle> {
    let part = take_when_flushed(request)?;
    handle_of(part.word()).ok_or(ENOMEM)
}

fn take_when_flushed(request: Request) -> Result<Part> {
    // What was freed before we came is clean after one flush. A second one is for another's.
    for _ in 0..4 {
        match take_free(request)? {
            Taken::Part(part) => return Ok(part),
            Taken::NoSpace => break,
            Taken::AfterFlush(flush) => finish_flush(flush),
            Taken::AfterPlaces(places) => add_places(places)?,
        }
    }
    growth::take_from_new_unit(request)
}

fn take_free(request: Request) -> Result<Taken> {
    let mut space = SPACE.lock();
    Ok(space.as_mut().ok_or(ENODEV)?.take(request))
}

/// Flushes every CPU, and frees what is clean after that.
#[cold]
fn finish_flush(begun: Flush) {
    flush::all_cpus();
    if let Some(space) = &mut *SPACE.lock() {
        space.end_flush(begun);
    }
    // The lock is free between one batch and the next.
    while SPACE.lock().as_mut().is_some_and(Space::free_clean) {}
}

/// Gives the queue of dirty parts room for `places`.
#[cold]
fn add_places(places: usize) -> Result {
    let memory = KVVec::from_elem(0, places, GFP_KERNEL | __GFP_NOWARN)?;
    let old = SPACE.lock().as_mut().map(|space| space.add_places(memory));
    // Not freed under the lock.
    drop(old);
    Ok(())
}
