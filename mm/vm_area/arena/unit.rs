// SPDX-License-Identifier: GPL-2.0

//! A unit of the arena: an area with its tables, down to those of small pages.
//!
//! Its entries are the unit's from then on: they are cleared, and later map what they are told to. Where
//! the area comes from differs by backend, and nothing else does.
//!
//! An entry of an upper table is one of three:
//!
//! - It points to the table that is there for it, as at first.
//! - It is clear. The table is kept, and comes back when a smaller page is mapped.
//! - It maps a large page.
//!
//! A CPU may keep an entry that points to a table, and look into that table although the entry has changed
//! since. So a large page comes into the place of a table in three steps: clear the entry, flush every
//! CPU, write it. Where the entry is clear already, as a large page leaves it, there is nothing to flush.

use crate::arch::{
    mtrr,
    page_table::{self as arch, RawEntry, PMD_SHIFT, PUD_SHIFT},
    xen_pv,
};
use crate::mm::cache_mode::Protection;
use crate::mm::flush;
use crate::mm::page_table::{fill, fill_small, Pages, Tables};
use crate::mm::phys_range::{PAGE_SHIFT, PAGE_SIZE};
use core::ops::Range;
use kernel::{alloc::KVVec, prelude::*};

#[cfg(iomrs_stock)]
use super::vmap::Area;
#[cfg(iomrs_exported)]
use crate::mm::vm_area::exported::Area;

const SMALL: usize = PAGE_SIZE as usize;
const MIDDLE: usize = 1 << PMD_SHIFT;
const UPPER: usize = 1 << PUD_SHIFT;

/// The entries of a unit that are in one page upper directory entry's reach.
///
/// # Invariants
///
/// `upper` is the entry of the page upper directory for an address of the unit, and `table` is what it
/// points to while it points to a table, which has `entries`.
struct UpperPart {
    upper: *mut RawEntry,
    table: RawEntry,
    entries: *mut RawEntry,
}

/// A unit: its area, and its tables.
///
/// Who has a part of it, which nobody else has, changes the entries of that part. An entry above is
/// changed by who has all that it covers; by others from clear to the table, which all write alike.
///
/// # Invariants
///
/// - `_area` has `size` bytes from `addr` on: a power of two that is at least [`MIDDLE`]. `addr` is aligned to
///   that, or to [`UPPER`].
/// - In `tables` is, for each [`MIDDLE`] bytes, what the entry of the page middle directory is while it
///   points to a table. In `uppers` is an element for each [`UPPER`] bytes, at least one.
/// - Under Xen PV both are empty.
pub(super) struct Unit {
    _area: Area,
    addr: usize,
    size: usize,
    tables: KVVec<RawEntry>,
    uppers: KVVec<UpperPart>,
}

// SAFETY: Entries of the kernel's page table belong to no task and no CPU.
unsafe impl Send for Unit {}
// SAFETY: What a shared unit may change is what the caller owns, and what all write alike.
unsafe impl Sync for Unit {}

impl Unit {
    /// Makes a unit of `size` bytes, a power of two from [`MIDDLE`] on. Nothing is mapped in it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, also where `size` is larger than the machine's memory.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(super) fn new(size: usize) -> Result<Self> {
        let (area, addr) = Area::with_tables(size)?;
        // INVARIANT: Whole and empty until the tables are known.
        let mut unit = Self {
            _area: area,
            addr,
            size,
            tables: KVVec::new(),
            uppers: KVVec::new(),
        };
        if xen_pv::is_guest() {
            // SAFETY: The unit is ours.
            unsafe { unit.set_by_hypervisor(unit.range(), None)? };
            return Ok(unit);
        }
        let range = unit.range();
        for addr in range.clone().step_by(UPPER) {
            unit.add_upper(addr)?;
        }
        for addr in range.step_by(MIDDLE) {
            unit.add_table(addr)?;
        }
        Ok(unit)
    }

    fn add_upper(&mut self, addr: usize) -> Result {
        // SAFETY: The unit is ours.
        let upper = unsafe { arch::entry_of_task(addr, PUD_SHIFT)? };
        // SAFETY: Just found.
        let table = unsafe { arch::read(upper) };
        if arch::is_none(table) || arch::is_leaf(table) {
            return Err(ENOENT);
        }
        let entries = arch::table_of(table);
        // INVARIANT: Read just now, while the area's tables are there.
        let part = UpperPart {
            upper,
            table,
            entries,
        };
        Ok(self.uppers.push(part, GFP_KERNEL)?)
    }

    fn add_table(&mut self, addr: usize) -> Result {
        let upper = self.upper(addr).ok_or(EINVAL)?;
        // SAFETY: By the invariant of `UpperPart` an entry for `addr`.
        let table = unsafe { arch::read(arch::entry_in(upper.entries, addr, PMD_SHIFT)) };
        if arch::is_none(table) || arch::is_leaf(table) {
            return Err(ENOENT);
        }
        self.tables.push(table, GFP_KERNEL)?;
        // SAFETY: The entries of the table are the unit's.
        unsafe { clear_small(arch::table_of(table), MIDDLE / SMALL) };
        Ok(())
    }

    /// The first address.
    pub(super) fn addr(&self) -> usize {
        self.addr
    }

    /// Returns how many bytes the unit has.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    fn range(&self) -> Range<usize> {
        self.addr()..self.addr() + self.size
    }

    #[inline(always)]
    fn upper(&self, addr: usize) -> Option<&UpperPart> {
        self.uppers.get((addr - self.addr()) >> PUD_SHIFT)
    }

    #[inline(always)]
    fn table(&self, addr: usize) -> Option<RawEntry> {
        let tables = &self.tables;
        tables.get((addr - self.addr()) >> PMD_SHIFT).copied()
    }

    /// Maps `part` to the physical pages from `phys` on.
    ///
    /// # Errors
    ///
    /// `EBUSY` where an address is mapped already. Some of the part may be mapped then. `EINVAL` where it is
    /// no part of this unit.
    ///
    /// # Safety
    ///
    /// `part` is a part of this unit, of whole pages, which the caller owns, and nobody uses it yet. No CPU
    /// has a translation of its addresses.
    ///
    /// # Context
    ///
    /// May sleep.
    #[inline(always)]
    pub(super) unsafe fn map(&self, part: Range<usize>, phys: u64, prot: Protection) -> Result {
        // Entries beside the unit's are others'.
        if part.start < self.addr() || part.end > self.range().end {
            return Err(EINVAL);
        }
        if self.uppers.is_empty() {
            // SAFETY: As required of our caller.
            return unsafe { self.set_by_hypervisor(part, Some((phys, prot))) };
        }
        if part.len() < MIDDLE {
            // SAFETY: As required of our caller.
            return unsafe { self.map_small(part, phys, prot) };
        }
        // SAFETY: As required of our caller.
        unsafe { self.map_large(part, phys, prot) }
    }

    /// As [`Self::map`], by small pages.
    ///
    /// # Errors
    ///
    /// As [`Self::map`].
    ///
    /// # Safety
    ///
    /// As [`Self::map`].
    #[inline(always)]
    unsafe fn map_small(&self, part: Range<usize>, phys: u64, prot: Protection) -> Result {
        let (mut addr, mut raw) = (part.start, prot.entry(phys));
        while addr < part.end {
            let end = end_of(addr, MIDDLE).min(part.end);
            // SAFETY: As required of our caller, who owns the pages from `addr` up to `end`. Their entries are
            // in one table. `raw` is of `prot`, or of the call before.
            raw = unsafe {
                let first = self.entry(addr, PAGE_SHIFT)?;
                fill_small(first, (end - addr) / SMALL, raw)?
            };
            addr = end;
        }
        arch::finish_entries();
        Ok(())
    }

    /// As [`Self::map`], where there may be large pages.
    ///
    /// # Errors
    ///
    /// As [`Self::map`].
    ///
    /// # Safety
    ///
    /// As [`Self::map`].
    #[inline(never)]
    unsafe fn map_large(&self, part: Range<usize>, phys: u64, prot: Protection) -> Result {
        let tables = PartTables {
            unit: self,
            end: part.end,
            is_uniform: mtrr::is_uniform(phys, part.len() as u64),
        };
        let pages = Pages::new(phys, prot);
        let is_middle = (part.start | phys as usize | part.len()) % MIDDLE == 0;
        if is_middle && part.len() < UPPER && tables.is_uniform && pages.max_shift() >= PMD_SHIFT {
            // SAFETY: As required of our caller.
            return unsafe { tables.map_middle(part, phys, prot) };
        }
        // SAFETY: As required of our caller.
        unsafe { fill(&tables, part, &pages) }
    }

    /// Prepares `part` for small pages. Nothing is mapped: the entries are clear.
    ///
    /// # Errors
    ///
    /// `EINVAL` where it is no part of this unit.
    ///
    /// # Safety
    ///
    /// As [`Self::map`].
    pub(super) unsafe fn prepare_small(&self, part: Range<usize>) -> Result {
        for addr in part.step_by(SMALL) {
            // SAFETY: As required of our caller.
            unsafe { self.entry(addr, PAGE_SHIFT)? };
        }
        arch::finish_entries();
        Ok(())
    }

    /// Clears the entries of `part`, whatever it maps. CPUs may still have translations.
    ///
    /// # Safety
    ///
    /// `part` is a part of this unit, of whole pages, which the caller owns, and nobody uses it any more.
    ///
    /// # Context
    ///
    /// Any.
    #[inline(always)]
    pub(super) unsafe fn unmap(&self, part: Range<usize>) {
        if self.uppers.is_empty() {
            // SAFETY: As required of our caller.
            let _ = unsafe { self.set_by_hypervisor(part, None) };
            return;
        }
        let end = part.end.min(self.range().end);
        if part.start < end {
            // SAFETY: As required of our caller, the address is in the part.
            let next = unsafe { self.unmap_first(part.start, end) };
            if next < end {
                // SAFETY: As required of our caller.
                unsafe { self.unmap_rest(next, end) };
            }
        }
    }

    /// As [`Self::unmap`], of the part from `addr` up to `end`.
    ///
    /// # Safety
    ///
    /// As [`Self::unmap`].
    #[inline(never)]
    unsafe fn unmap_rest(&self, mut addr: usize, end: usize) {
        while addr < end {
            // SAFETY: As required of our caller, `addr` is in the part.
            addr = unsafe { self.unmap_first(addr, end) };
        }
    }

    /// Clears the entry of the large page at `addr`, and those of the large pages beside it, up to `end` and
    /// in one table; or the entries of small pages from `addr` up to `end` that are in one table. Returns
    /// the first address that is not done.
    ///
    /// # Safety
    ///
    /// As [`Self::unmap`].
    #[inline(always)]
    unsafe fn unmap_first(&self, addr: usize, end: usize) -> usize {
        let (Some(upper), Some(table)) = (self.upper(addr), self.table(addr)) else {
            return end;
        };
        if self.size >= UPPER {
            // SAFETY: By the invariant of `UpperPart` it is an entry for `addr`.
            let raw = unsafe { arch::read(upper.upper) };
            if arch::is_leaf(raw) {
                // SAFETY: It maps a part of the caller's, as only parts do.
                unsafe { arch::set_entry(upper.upper, 0) };
            }
            if arch::is_leaf(raw) || arch::is_none(raw) {
                return end_of(addr, UPPER);
            }
        }
        let mut entry = arch::entry_in(upper.entries, addr, PMD_SHIFT);
        let mut next = end_of(addr, MIDDLE);
        // SAFETY: By the invariant of `UpperPart` it is an entry for `addr`.
        let raw = unsafe { arch::read(entry) };
        if arch::is_leaf(raw) {
            // SAFETY: As above, for each page up to the end of the part or of the table.
            unsafe {
                arch::set_entry(entry, 0);
                while next < end && next % UPPER != 0 {
                    entry = entry.wrapping_add(1);
                    if !arch::is_leaf(arch::read(entry)) {
                        break;
                    }
                    arch::set_entry(entry, 0);
                    next = next.wrapping_add(MIDDLE);
                }
            }
        } else if !arch::is_none(raw) {
            let first = arch::entry_in(arch::table_of(table), addr, PAGE_SHIFT);
            // SAFETY: The entries are in one table, and their pages in the caller's part.
            unsafe { clear_small(first, (next.min(end) - addr) / SMALL) };
        }
        next
    }

    /// Maps `part` under Xen PV, or unmaps it.
    ///
    /// # Safety
    ///
    /// As [`Self::map`] or [`Self::unmap`].
    #[cold]
    #[inline(never)]
    unsafe fn set_by_hypervisor(
        &self,
        part: Range<usize>,
        to: Option<(u64, Protection)>,
    ) -> Result {
        let start = part.start;
        for addr in part.step_by(SMALL) {
            let entry = arch::small_entry(addr).ok_or(ENOENT)?.as_ptr();
            let (phys, prot) = to.map_or((0, 0), |(phys, prot)| {
                (phys + (addr - start) as u64, prot.as_raw())
            });
            // SAFETY: The entry is that of a page of the part.
            unsafe { xen_pv::set_small_entry(entry, phys, prot) };
        }
        Ok(())
    }

    /// Returns the entry for `addr` of a table whose entries each cover `1 << shift` bytes, and has those
    /// above it point to their tables.
    ///
    /// # Errors
    ///
    /// `EINVAL` where `addr` is not in the unit.
    ///
    /// # Safety
    ///
    /// The caller owns the page of `1 << shift` bytes at `addr`.
    #[inline(always)]
    unsafe fn entry(&self, addr: usize, shift: u32) -> Result<*mut RawEntry> {
        let upper = self.upper(addr).ok_or(EINVAL)?;
        if shift == PUD_SHIFT {
            return Ok(upper.upper);
        }
        if self.size >= UPPER {
            // SAFETY: By the invariant of `UpperPart` `table` is what that entry may be. The caller owns a
            // page under it, so that nobody else owns all that it covers.
            unsafe { set_if_none(upper.upper, upper.table) };
        }
        let entry = arch::entry_in(upper.entries, addr, PMD_SHIFT);
        if shift == PMD_SHIFT {
            return Ok(entry);
        }
        let table = self.table(addr).ok_or(EINVAL)?;
        // SAFETY: As above, by the invariant of `Unit`.
        unsafe { set_if_none(entry, table) };
        Ok(arch::entry_in(arch::table_of(table), addr, PAGE_SHIFT))
    }

    /// Clears those entries that point to tables, of the pages of `1 << shift` bytes from `addr` up to
    /// `end`, and flushes every CPU.
    ///
    /// # Safety
    ///
    /// The caller owns these pages, and nobody uses them.
    #[cold]
    #[inline(never)]
    unsafe fn detach_tables(&self, addr: usize, end: usize, shift: u32) -> Result {
        let page = 1 << shift;
        let whole = (end - addr) & !(page - 1);
        for addr in (addr..addr + whole).step_by(page) {
            // SAFETY: The caller owns the page.
            let entry = unsafe { self.entry(addr, shift)? };
            // SAFETY: Its entry. As nobody uses the page, the tables below it map nothing.
            unsafe {
                if !arch::is_leaf(arch::read(entry)) {
                    arch::set_entry(entry, 0);
                }
            }
        }
        flush::all_cpus();
        Ok(())
    }

    /// Has every entry point to its table, as at first.
    fn attach_tables(&self) {
        let tables = self.range().step_by(MIDDLE).zip(&self.tables);
        for (addr, &table) in tables {
            let Some(upper) = self.upper(addr) else {
                return;
            };
            // SAFETY: By the invariants these are the unit's entries, and what they may be.
            unsafe {
                set_if_none(upper.upper, upper.table);
                if !arch::is_leaf(arch::read(upper.upper)) {
                    set_if_none(arch::entry_in(upper.entries, addr, PMD_SHIFT), table);
                }
            }
        }
    }

    /// Leaves the area, with what it maps, where it is.
    pub(super) fn leak(self) {
        self.attach_tables();
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: Each is read once, and `this` is not used any more.
        unsafe {
            drop(core::ptr::read(&this.tables));
            drop(core::ptr::read(&this.uppers));
        }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        // Who frees the area expects its tables. Nothing is mapped in them.
        self.attach_tables();
    }
}

/// The tables of a unit, for who maps a part of it that ends at `end`.
struct PartTables<'a> {
    unit: &'a Unit,
    end: usize,
    /// No MTRR begins or ends in what is mapped.
    is_uniform: bool,
}

impl PartTables<'_> {
    /// Maps `part` by pages of [`MIDDLE`] bytes alone, which is what [`fill`] does, too, where there are no larger
    /// ones.
    ///
    /// # Errors
    ///
    /// `EBUSY` where one is mapped already.
    ///
    /// # Safety
    ///
    /// As [`Unit::map`], for a part and a physical address that are multiples of [`MIDDLE`]. No MTRR begins or ends
    /// inside.
    #[inline(always)]
    unsafe fn map_middle(&self, part: Range<usize>, mut phys: u64, prot: Protection) -> Result {
        let mut addr = part.start;
        while addr < part.end {
            // SAFETY: The caller owns the page at `addr`.
            let mut entry = unsafe { self.unit.entry(addr, PMD_SHIFT)? };
            let end = end_of(addr, UPPER).min(part.end);
            while addr < end {
                // SAFETY: The entry of the page at `addr`.
                unsafe { self.set_large(entry, PMD_SHIFT, addr, phys, prot)? };
                entry = entry.wrapping_add(1);
                addr = addr.wrapping_add(MIDDLE);
                phys = phys.wrapping_add(MIDDLE as u64);
            }
        }
        arch::finish_entries();
        Ok(())
    }
}

// SAFETY: `entry` returns the entry that it is asked for, and `set_large` writes that of the page.
unsafe impl Tables for PartTables<'_> {
    #[inline(always)]
    unsafe fn entry(&self, addr: usize, shift: u32) -> Result<*mut RawEntry> {
        // SAFETY: As required of our caller.
        unsafe { self.unit.entry(addr, shift) }
    }

    #[inline(always)]
    unsafe fn set_large(
        &self,
        entry: *mut RawEntry,
        shift: u32,
        addr: usize,
        phys: u64,
        prot: Protection,
    ) -> Result<bool> {
        if !self.is_uniform && !mtrr::is_uniform(phys, 1 << shift) {
            return Ok(false);
        }
        // SAFETY: The page's entry, as required of our caller.
        let raw = unsafe { arch::read(entry) };
        if !arch::is_none(raw) {
            if arch::is_leaf(raw) {
                return Err(EBUSY);
            }
            // SAFETY: The caller owns the pages from `addr` up to `end`, and nobody uses them yet.
            unsafe { self.unit.detach_tables(addr, self.end, shift)? };
        }
        // SAFETY: As above. No CPU knows of a table there.
        unsafe { arch::set_entry(entry, arch::large_entry(prot.entry(0)) | phys) };
        Ok(true)
    }
}

/// The end of the `size` bytes, a power of two, that have `addr`. An area does not end with the address space.
#[inline(always)]
const fn end_of(addr: usize, size: usize) -> usize {
    (addr | (size - 1)).wrapping_add(1)
}

/// Has a clear entry point to its table.
///
/// # Safety
///
/// `entry` is an entry of the kernel's page table of a unit, and `table` is what it is while it points to a
/// table. Nobody else may write anything else there now.
#[inline(always)]
unsafe fn set_if_none(entry: *mut RawEntry, table: RawEntry) {
    // SAFETY: As required of our caller.
    unsafe {
        if arch::is_none(arch::read(entry)) {
            arch::set_entry(entry, table);
        }
    }
}

/// Clears `count` entries of small pages from `first` on.
///
/// # Safety
///
/// The caller owns them, and they are in one table.
#[inline(always)]
unsafe fn clear_small(first: *mut RawEntry, count: usize) {
    for index in 0..count {
        // SAFETY: As required of our caller.
        unsafe { arch::set_entry(first.wrapping_add(index), 0) };
    }
}
