// SPDX-License-Identifier: GPL-2.0

//! The tables of the kernel's page table, of which those that are missing are made.

use super::fill::Tables;
use crate::arch::page_table::{self as arch, RawEntry, PMD_SHIFT};
use crate::mm::cache_mode::Protection;
use kernel::prelude::*;

pub(crate) struct KernelTables;

// SAFETY: `entry_alloc()` returns the entry that it is asked for, and `set_pmd()` and `set_pud()` map what
// they are asked for, or nothing.
unsafe impl Tables for KernelTables {
    #[inline(always)]
    unsafe fn entry(&self, addr: usize, shift: u32) -> Result<*mut RawEntry> {
        // SAFETY: As required of our caller.
        unsafe { arch::entry_alloc(addr, shift) }
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
        // SAFETY: As required of our caller. A large page is of one of two sizes.
        unsafe {
            match shift {
                PMD_SHIFT => arch::set_pmd(entry, addr, phys, prot.as_raw()),
                _ => arch::set_pud(entry, addr, phys, prot.as_raw()),
            }
        }
    }
}
