// SPDX-License-Identifier: GPL-2.0

//! What the page table holds for an address of the kernel.

use crate::{
    c,
    support::{outcome::*, ranges::PAGE},
};

#[cfg(CONFIG_X86_64)]
mod bits {
    use crate::support::ranges::PAGE;

    /// Bits that the CPU sets by itself.
    pub(super) const ACCESSED_DIRTY: u64 = 1 << 5 | 1 << 6;
    /// In a large entry the bit that says so; in a small one the highest of the cache mode.
    pub(super) const LARGE: u64 = 1 << 7;
    /// The highest bit of the cache mode in a large entry.
    pub(super) const LARGE_PAT: u64 = 1 << 12;
    /// Where an entry holds the physical address.
    pub(crate) const PHYS: u64 = ((1 << 52) - 1) & !(PAGE - 1);

    /// The page may be written where this bit is, or is not.
    pub(crate) const WRITABLE: u64 = 1 << 1;
    pub(super) const WRITABLE_IF_SET: bool = true;
    /// User space may access the page.
    pub(super) const USER: u64 = 1 << 2;
    /// The cache mode, as a small page has it.
    pub(super) const CACHE_MODE: u64 = 1 << 3 | 1 << 4 | 1 << 7;
    /// The page is never executed.
    pub(super) const NO_EXECUTE: u64 = 1 << 63;
}

/// Entries of small pages, as C has them (`L_PTE_RDONLY` and its like).
#[cfg(CONFIG_ARM)]
mod bits {
    use crate::support::ranges::PAGE;

    pub(super) const ACCESSED_DIRTY: u64 = 0;
    pub(super) const LARGE: u64 = 0;
    pub(super) const LARGE_PAT: u64 = 0;
    pub(super) const WRITABLE_IF_SET: bool = false;
    pub(super) use entry::{CACHE_MODE, NO_EXECUTE, USER};
    pub(crate) use entry::{PHYS, WRITABLE};

    #[cfg(not(CONFIG_ARM_LPAE))]
    mod entry {
        pub(crate) const PHYS: u64 = ((1 << 32) - 1) & !(super::PAGE - 1);
        pub(crate) const WRITABLE: u64 = 1 << 7;
        pub(crate) const USER: u64 = 1 << 8;
        pub(crate) const CACHE_MODE: u64 = 15 << 2;
        pub(crate) const NO_EXECUTE: u64 = 1 << 9;
    }

    #[cfg(CONFIG_ARM_LPAE)]
    mod entry {
        pub(crate) const PHYS: u64 = ((1 << 40) - 1) & !(super::PAGE - 1);
        pub(crate) const WRITABLE: u64 = 1 << 58;
        pub(crate) const USER: u64 = 1 << 6;
        pub(crate) const CACHE_MODE: u64 = 7 << 2;
        pub(crate) const NO_EXECUTE: u64 = 1 << 54;
    }
}

use bits::{ACCESSED_DIRTY, CACHE_MODE, LARGE, LARGE_PAT, NO_EXECUTE, USER, WRITABLE_IF_SET};
pub(crate) use bits::{PHYS, WRITABLE};

/// Does an entry have a bit, where there is such a bit?
fn has(entry: u64, bit: u64) -> bool {
    entry & bit != 0
}

/// Do the bits of an entry let the page be written?
pub(crate) fn is_writable(bits: u64) -> bool {
    (bits & WRITABLE != 0) == WRITABLE_IF_SET
}

/// Is the page of an entry with these bits one that user space may access, or that may be executed?
pub(crate) fn is_for_users_or_code(bits: u64) -> bool {
    bits & (NO_EXECUTE | USER) != NO_EXECUTE
}

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
            (entry & !PHYS & !LARGE) | if has(entry, LARGE_PAT) { LARGE } else { 0 }
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
