// SPDX-License-Identifier: GPL-2.0

//! What the page table holds for an address of the kernel.

use crate::{
    c,
    support::{outcome::*, ranges::PAGE},
};

/// Bits that the CPU sets by itself.
const ACCESSED_DIRTY: u64 = 1 << 5 | 1 << 6;
/// In a large entry the bit that says so; in a small one the highest of the cache mode.
const LARGE: u64 = 1 << 7;
/// The highest bit of the cache mode in a large entry.
const LARGE_PAT: u64 = 1 << 12;
/// Where an entry holds the physical address.
pub(crate) const PHYS: u64 = ((1 << 52) - 1) & !(PAGE - 1);

/// The page may be written.
pub(crate) const WRITABLE: u64 = 1 << 1;
/// User space may access the page.
pub(crate) const USER: u64 = 1 << 2;
/// The cache mode, as a small page has it.
const CACHE_MODE: u64 = 1 << 3 | 1 << 4 | 1 << 7;
/// The page is never executed.
pub(crate) const NO_EXECUTE: u64 = 1 << 63;

/// How an address is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Translation {
    /// The physical address of the address itself, not of its page.
    pub(crate) phys: u64,
    /// The bits of the entry without the address, as a small page has them.
    pub(crate) bits: u64,
    /// Bytes of the page.
    pub(crate) page_size: u64,
}

impl Translation {
    /// Returns `None` where nothing is mapped.
    pub(crate) fn of(addr: usize) -> Option<Self> {
        let mut shift = 0;
        // SAFETY: `shift` is valid for a write.
        let entry = unsafe { c::iomrs_c_lookup_entry(addr, &mut shift) };
        if entry == 0 {
            return None;
        }
        let page_size = 1 << shift;
        let offset = addr as u64 & (page_size - 1);
        let bits = if page_size == PAGE {
            entry & !PHYS
        } else {
            (entry & !PHYS & !LARGE) | if entry & LARGE_PAT != 0 { LARGE } else { 0 }
        };
        Some(Self {
            phys: (entry & PHYS & !(page_size - 1)) + offset,
            bits: bits & !ACCESSED_DIRTY,
            page_size,
        })
    }
}

/// Is anything mapped at `addr`?
pub(crate) fn is_mapped(addr: usize) -> bool {
    Translation::of(addr).is_some()
}

/// Returns the physical address that `addr` is mapped to.
pub(crate) fn phys_at(addr: usize) -> Option<u64> {
    Translation::of(addr).map(|found| found.phys)
}

/// Returns the bits of the cache mode of the page at `addr`.
pub(crate) fn mode_at(addr: usize) -> Outcome<u64> {
    match Translation::of(addr) {
        Some(found) => Ok(found.bits & CACHE_MODE),
        None => fail!("{addr:#x} is not mapped"),
    }
}

/// Returns the bits of the entries that map `size` bytes from `addr` on. Fails the test unless all
/// entries have the same.
pub(crate) fn common_bits(addr: usize, size: u64) -> Outcome<u64> {
    let Some(first) = Translation::of(addr) else {
        fail!("not mapped")
    };
    let mut at = addr;
    while at < addr + size as usize {
        let Some(found) = Translation::of(at) else {
            fail!("not mapped at {:#x} bytes", at - addr)
        };
        check_eq!(found.bits, first.bits);
        at += found.page_size as usize;
    }
    Ok(first.bits)
}
