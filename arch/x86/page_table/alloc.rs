// SPDX-License-Identifier: GPL-2.0

//! Making the tables that are missing on the way to an entry, and large pages in the place of tables.
//!
//! What C does in `pud_alloc()`, `pmd_alloc()` and their like, and in `vmap_try_huge_pmd()`.

use super::walk::{descend, entry_in, is_leaf, root_shift, table_of};
use super::{is_none, read, RawEntry, PMD_SHIFT, PTE_SHIFT, PUD_SHIFT, TABLE_BITS};
use crate::arch::x86::bindings as c;
use kernel::{
    bindings::{pgprot, PAGE_SHIFT, PTRS_PER_PTE},
    ffi::{c_int, c_ulong},
    mm::MmWithUser,
    prelude::*,
};

/// What an entry of a page upper directory's parent covers.
const P4D_SHIFT: u32 = PUD_SHIFT + TABLE_BITS;

/// Returns the entry of the page of `1 << shift` bytes at `addr`, in a table that is made where it is
/// missing, as are those above it.
///
/// # Errors
///
/// `ENOMEM` where there is no memory for a table, `EBUSY` where a large page stands in its place.
///
/// # Safety
///
/// The caller owns the page at `addr` in the kernel's part of the page table. `shift` is that of a
/// small page, [`PMD_SHIFT`] or [`PUD_SHIFT`].
///
/// # Context
///
/// May sleep.
#[inline(always)]
pub(crate) unsafe fn entry_alloc(addr: usize, shift: u32) -> Result<*mut RawEntry> {
    let level = root_shift();
    // SAFETY: The root of the kernel's page table does not change.
    let root = unsafe { (&raw const c::init_mm.__bindgen_anon_1.pgd).read() };
    let first = entry_in(root.cast(), addr, level);
    let table = |entry, raw, level| {
        if !is_none(raw) {
            return Ok(raw);
        }
        // SAFETY: `descend` passes the entry for `addr` in a table of that level.
        unsafe { table_alloc(entry, addr, level) }
    };
    // SAFETY: `first` is the entry for `addr` in the topmost table. Our caller owns `addr`.
    unsafe { descend(first, level, addr, shift, table) }
}

/// Makes the table that `entry` shall point to, and returns what `entry` is then.
///
/// # Errors
///
/// `ENOMEM`.
///
/// # Safety
///
/// `entry` is the one for `addr` in a table of the kernel's page table whose entries cover
/// `1 << level` bytes.
#[cold]
#[inline(never)]
unsafe fn table_alloc(entry: *mut RawEntry, addr: usize, level: u32) -> Result<RawEntry> {
    let mm = &raw mut c::init_mm;
    // SAFETY: An entry of that level of the kernel's page table, as required of our caller; another
    // CPU may have made the table meanwhile, which each of them minds.
    let err = unsafe {
        match level {
            PMD_SHIFT => c::__pte_alloc_kernel(entry.cast()),
            PUD_SHIFT => c::__pmd_alloc(mm, entry.cast(), addr),
            P4D_SHIFT => c::__pud_alloc(mm, entry.cast(), addr),
            _ => c::__p4d_alloc(mm, entry.cast(), addr),
        }
    };
    if err != 0 {
        return Err(ENOMEM);
    }
    if level == root_shift() {
        // SAFETY: Copies entries of the topmost table to those of all processes.
        unsafe { c::arch_sync_kernel_mappings(addr, addr) };
    }
    // SAFETY: As required of our caller.
    Ok(unsafe { read(entry) })
}

/// Whether no entry of the table that `raw` points to maps anything. An entry like `raw` covers
/// `1 << level` bytes.
///
/// # Safety
///
/// `raw` is neither none nor a leaf, and the caller owns all addresses that it covers.
unsafe fn is_empty(raw: RawEntry, level: u32) -> bool {
    let table = table_of(raw);
    (0..PTRS_PER_PTE as usize).all(|index| {
        // SAFETY: By the caller's promise the table stays, and has that many entries.
        let raw = unsafe { read(table.wrapping_add(index)) };
        if is_none(raw) || level == PMD_SHIFT || is_leaf(raw) {
            return is_none(raw);
        }
        // SAFETY: Neither none nor a leaf; the caller owns what `raw` covers.
        unsafe { is_empty(raw, level - TABLE_BITS) }
    })
}

/// Maps a page of `1 << level` bytes at `phys` by `set`. A table that an earlier, smaller mapping has left
/// empty is freed by `free`; ptdump is kept out meanwhile, as vmalloc does.
///
/// # Errors
///
/// `EBUSY` where something is mapped there.
///
/// # Safety
///
/// As [`set_pmd`], for an entry of that level; `set` and `free` are the kernel's functions for entries
/// of that level.
#[inline(always)]
unsafe fn set_large<T>(
    entry: *mut RawEntry,
    level: u32,
    addr: usize,
    phys: u64,
    prot: u64,
    set: unsafe extern "C" fn(*mut T, u64, pgprot) -> c_int,
    free: unsafe extern "C" fn(*mut T, c_ulong) -> c_int,
) -> Result<bool> {
    // CAST: C's `pgprot_t` is as wide as an entry.
    let prot = pgprot {
        pgprot: prot as usize,
    };
    // SAFETY: As required of our caller, an entry of a live table.
    let raw = unsafe { read(entry) };
    if is_none(raw) {
        // SAFETY: As required of our caller, an entry of that level, which maps nothing.
        return Ok(unsafe { set(entry.cast(), phys, prot) } == 1);
    }
    // SAFETY: Neither none nor a leaf; the caller owns what the entry covers.
    if is_leaf(raw) || !unsafe { is_empty(raw, level) } {
        return Err(EBUSY);
    }
    // SAFETY: The kernel's `mm_struct` stays, and always has users.
    let mm = unsafe { MmWithUser::from_raw(&raw const c::init_mm) };
    let Some(_guard) = mm.mmap_read_trylock() else {
        return Ok(false);
    };
    // SAFETY: The table that the entry points to is empty, and covers addresses that the caller owns.
    let freed = unsafe { free(entry.cast(), addr) } == 1;
    // SAFETY: An entry of that level, which maps nothing once its table has been freed.
    Ok(freed && unsafe { set(entry.cast(), phys, prot) } == 1)
}

/// Maps a page of `1 << PMD_SHIFT` bytes at `phys`. Returns whether it was mapped: an MTRR may forbid it,
/// or the table in its place cannot be freed now.
///
/// # Errors
///
/// `EBUSY` where something is mapped there.
///
/// # Safety
///
/// `entry` is the entry of a page middle directory for `addr`, and the caller owns what it covers.
#[inline(always)]
pub(crate) unsafe fn set_pmd(
    entry: *mut RawEntry,
    addr: usize,
    phys: u64,
    prot: u64,
) -> Result<bool> {
    let (set, free) = (c::pmd_set_huge, c::pmd_free_pte_page);
    // SAFETY: As required of our caller; the functions are those for this level.
    unsafe { set_large(entry, PMD_SHIFT, addr, phys, prot, set, free) }
}

/// As [`set_pmd`], for a page of `1 << PUD_SHIFT` bytes.
///
/// # Errors
///
/// As [`set_pmd`].
///
/// # Safety
///
/// As [`set_pmd`], for an entry of a page upper directory.
#[inline(always)]
pub(crate) unsafe fn set_pud(
    entry: *mut RawEntry,
    addr: usize,
    phys: u64,
    prot: u64,
) -> Result<bool> {
    let (set, free) = (c::pud_set_huge, c::pud_free_pmd_page);
    // SAFETY: As required of our caller; the functions are those for this level.
    unsafe { set_large(entry, PUD_SHIFT, addr, phys, prot, set, free) }
}

const _: () = assert!(PTE_SHIFT == PAGE_SHIFT);
