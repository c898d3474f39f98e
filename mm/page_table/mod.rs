// SPDX-License-Identifier: GPL-2.0

//! L1: entries of the kernel's page table: which entry maps an address, and (where the kernel
//! exports what it takes) filling a range with the largest pages that fit.
//!
//! Knows nothing of areas and of who owns an address: the callers do. Clearing is left to
//! `free_vm_area()`, which does it anyway.
//!
//! C: `vmap_range_noflush()` in [`mm/vmalloc.c`](srctree/mm/vmalloc.c)

use crate::arch::machine;
use crate::arch::page_table as arch;
use crate::mm::cache_mode::{mode_of_entry, CacheMode};

#[cfg(not(iomrs_window_kmap))]
pub(crate) use crate::arch::page_table::{set_entry, small_entry, RawEntry};

#[cfg(iomrs_exported)]
mod fill;
#[cfg(iomrs_exported)]
pub(crate) use fill::{fill, Pages};

/// Whether the kernel gives mappings of device memory pages larger than the smallest.
pub(crate) fn has_large_pages() -> bool {
    #[cfg(iomrs_exported)]
    return machine::max_page_shift() > crate::mm::phys_range::PAGE_SHIFT;
    #[cfg(iomrs_stock)]
    false
}

/// One entry of the page table that maps a page.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{Entry, Mapping};
/// use kernel::{device::Device, prelude::*};
///
/// fn list(dev: &Device, mapping: &Mapping) {
///     for entry in mapping.entries() {
///         dev_dbg!(dev, "{:?}, {} bytes\n", entry.cache_mode(), entry.page_size());
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    raw: u64,
    shift: u32,
}

impl Entry {
    /// The entry that maps virtual address `addr` of the kernel now, if any does.
    ///
    /// # Context
    ///
    /// Any. The caller owns the address, or may get an answer that is out of date.
    pub(crate) fn lookup(addr: usize) -> Option<Self> {
        let (raw, shift) = arch::lookup(addr)?;
        Some(Self { raw, shift })
    }

    /// The bits as the CPU sees them.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Entry;
    ///
    /// /// On x86 nothing is fetched and executed from a page whose entry has its top bit set.
    /// fn is_executable(entry: Entry) -> bool {
    ///     entry.raw() >> 63 == 0
    /// }
    /// ```
    pub const fn raw(self) -> u64 {
        self.raw
    }

    /// Physical address of the page.
    pub(crate) fn phys(self) -> u64 {
        self.raw & machine::phys_mask() & !(self.page_size() as u64 - 1)
    }

    /// Size of the page in bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Mapping;
    /// use kernel::page::PAGE_SIZE;
    ///
    /// /// Whether large pages were to be had.
    /// fn has_large_pages(mapping: &Mapping) -> bool {
    ///     mapping.entries().any(|entry| entry.page_size() > PAGE_SIZE)
    /// }
    /// ```
    pub const fn page_size(self) -> usize {
        1 << self.shift
    }

    /// The cache mode that the entry selects, before MTRRs.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{CacheMode, Mapping};
    ///
    /// fn is_uncached(mapping: &Mapping) -> bool {
    ///     let mut entries = mapping.entries();
    ///     entries.all(|entry| entry.cache_mode() == Some(CacheMode::Uncached))
    /// }
    /// ```
    pub fn cache_mode(self) -> Option<CacheMode> {
        mode_of_entry(self.raw, self.shift)
    }
}
