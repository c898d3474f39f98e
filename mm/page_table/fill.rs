// SPDX-License-Identifier: GPL-2.0

//! Filling a range of the kernel's page table with 1G, 2M and 4K pages.

use crate::arch::machine;
use crate::arch::page_table::{self as arch, RawEntry};
use crate::mm::cache_mode::Protection;
use crate::mm::page_plan::{Plan, Run};
use crate::mm::phys_range::{PAGE_SHIFT, PAGE_SIZE};
use core::ops::Range;
use kernel::prelude::*;

/// The tables in which a range is filled.
///
/// # Safety
///
/// Each function does what it says, or fails.
pub(crate) unsafe trait Tables {
    /// Returns the entry of the page of `1 << shift` bytes at `addr`.
    ///
    /// # Errors
    ///
    /// `ENOMEM` where there is no table and no memory for one, `EBUSY` where a large page stands in the
    /// place of a table.
    ///
    /// # Safety
    ///
    /// The caller owns the page. `shift` is that of a small page, or of a large one.
    unsafe fn entry(&self, addr: usize, shift: u32) -> Result<*mut RawEntry>;

    /// Maps the large page of `1 << shift` bytes at `addr` to the physical address `phys`. Returns whether
    /// it did: the page may have to be mapped by smaller ones, as an MTRR ends inside.
    ///
    /// # Errors
    ///
    /// `EBUSY` where something is mapped there.
    ///
    /// # Safety
    ///
    /// `entry` is the page's entry, as [`Self::entry`] returns it, and the caller owns the page.
    unsafe fn set_large(
        &self,
        entry: *mut RawEntry,
        shift: u32,
        addr: usize,
        phys: u64,
        prot: Protection,
    ) -> Result<bool>;
}

/// What an entry has more than that of the page before.
const PAGE: RawEntry = arch::from_bits(PAGE_SIZE);

/// What the new entries map: the first physical address, the protection, and the largest page
/// size.
pub(crate) struct Pages {
    phys: u64,
    prot: Protection,
    max_shift: u32,
}

impl Pages {
    /// Pages from physical address `phys` on, as large as the CPU and the command line (`nohugeiomap`)
    /// allow.
    #[inline(always)]
    pub(crate) fn new(phys: u64, prot: Protection) -> Self {
        Self {
            phys,
            prot,
            max_shift: machine::max_page_shift(),
        }
    }

    /// The size of the largest page, as a shift.
    #[inline(always)]
    pub(crate) fn max_shift(&self) -> u32 {
        self.max_shift
    }
}

/// Maps the virtual addresses `area` to `pages`, by entries in `tables`.
///
/// A fill that fails leaves the entries that it has written: freeing the area clears them.
///
/// # Errors
///
/// Those of [`Tables::entry`], and `EBUSY` where an address is mapped already.
///
/// # Safety
///
/// The caller owns the addresses of `area`, page-aligned and within the kernel's part of the page
/// table, and nobody uses them yet.
///
/// # Context
///
/// May sleep.
#[inline(always)]
pub(crate) unsafe fn fill(tables: &impl Tables, area: Range<usize>, pages: &Pages) -> Result {
    let plan = Plan::new(
        area.start as u64,
        pages.phys,
        area.len() as u64,
        pages.max_shift,
    );
    let walk = Walk {
        tables,
        prot: pages.prot,
    };
    // SAFETY: `plan` covers `area`, which the caller owns.
    unsafe { walk.plan(plan)? };
    arch::finish_entries();
    Ok(())
}

struct Walk<'a, T> {
    tables: &'a T,
    prot: Protection,
}

impl<T: Tables> Walk<'_, T> {
    /// # Safety
    ///
    /// As [`fill`], for the addresses of `plan`.
    #[inline(always)]
    unsafe fn plan(&self, plan: Plan) -> Result {
        for run in plan {
            // SAFETY: The addresses of `run` are among those of `plan`.
            unsafe { self.run(&run)? };
        }
        Ok(())
    }

    /// # Safety
    ///
    /// As [`fill`], for the addresses of `run`.
    #[inline(always)]
    unsafe fn run(&self, run: &Run) -> Result {
        // CAST: virtual addresses began as `usize` in `fill`.
        let addr = run.addr as usize;
        // SAFETY: `addr` is an address that the caller owns, in the kernel's part of the page table.
        let entry = unsafe { self.tables.entry(addr, run.shift)? };
        // SAFETY: The entry is one for `addr`, of the run's size.
        unsafe {
            if run.shift == PAGE_SHIFT {
                self.small(run, entry)
            } else {
                self.large(run, entry)
            }
        }
    }

    /// Writes the entries of small pages from `first` on.
    ///
    /// # Safety
    ///
    /// As [`fill`]; `first` is the entry for the run's first page, and the run stays within its
    /// table, as plans do.
    unsafe fn small(&self, run: &Run, first: *mut RawEntry) -> Result {
        // CAST: At most as many as a table has entries.
        let (count, raw) = (run.count as usize, self.prot.entry(run.phys));
        // SAFETY: The entries are those of the pages of `run`, in one table. `raw` is of `prot`.
        unsafe { fill_small(first, count, raw) }.map(|_| ())
    }

    /// Writes the entries of large pages from `first` on. A page that cannot have its size is mapped with
    /// smaller ones.
    ///
    /// # Safety
    ///
    /// As [`Self::small`].
    #[inline(always)]
    unsafe fn large(&self, run: &Run, first: *mut RawEntry) -> Result {
        let (mut entry, mut addr, mut phys) = (first, run.addr, run.phys);
        let (tables, shift, prot) = (self.tables, run.shift, self.prot);
        for index in 0..run.count {
            // SAFETY: `entry` is the entry for `addr`, in the same table as `first`.
            if !unsafe { tables.set_large(entry, shift, addr as usize, phys, prot)? } {
                // SAFETY: `index` is that of a page of `run`.
                unsafe { self.split(run, index)? };
            }
            entry = entry.wrapping_add(1);
            addr += 1 << run.shift;
            phys += 1 << run.shift;
        }
        Ok(())
    }

    /// Maps page `index` of `run` with smaller ones.
    ///
    /// # Safety
    ///
    /// As [`fill`], for the addresses of that page.
    // Out of the way of what is inlined, which it calls.
    #[cold]
    #[inline(never)]
    unsafe fn split(&self, run: &Run, index: u64) -> Result {
        // SAFETY: As required of our caller: the split covers that page.
        unsafe { self.plan(run.split(index).ok_or(EBUSY)?) }
    }
}

/// Writes the entries of `count` small pages from `first` on, the first of which becomes `raw`. Returns what the
/// next one would become.
///
/// # Errors
///
/// `EBUSY` where one maps something.
///
/// # Safety
///
/// The entries are in one table, and the caller owns their pages, which nobody uses yet. `raw` is
/// what [`Protection::entry`] has returned, or an earlier call.
#[inline(always)]
pub(crate) unsafe fn fill_small(
    first: *mut RawEntry,
    count: usize,
    mut raw: RawEntry,
) -> Result<RawEntry> {
    for index in 0..count {
        let entry = first.wrapping_add(index);
        // SAFETY: As required of our caller.
        unsafe {
            if !arch::is_none(arch::read(entry)) {
                return Err(EBUSY);
            }
            arch::set_entry(entry, raw);
        }
        // No carry past the address: ranges do not wrap.
        raw = raw.wrapping_add(PAGE);
    }
    Ok(raw)
}
