// SPDX-License-Identifier: GPL-2.0

//! Entries of the kernel's page table: the look-up of the entry that maps an address, and filling a
//! range with the largest pages that fit.
//!
//! Nothing here knows which area an address belongs to, or who owns it: the callers do. Who owns an area
//! clears its entries.
//!
//! C: `vmap_range_noflush()` in [`mm/vmalloc.c`](srctree/mm/vmalloc.c)

use crate::arch::machine;
use crate::arch::page_table as arch;
use crate::mm::cache_mode::{mode_of_entry, CacheMode};

pub(crate) use crate::arch::page_table::{finish_entries, set_entry, small_entry, RawEntry};

mod fill;
#[cfg(iomrs_exported)]
mod kernel_tables;
pub(crate) use fill::{fill, fill_small, Pages, Tables};
#[cfg(iomrs_exported)]
pub(crate) use kernel_tables::KernelTables;

/// Whether the kernel gives mappings of device memory pages larger than the smallest.
pub(crate) fn has_large_pages() -> bool {
    machine::max_page_shift() > crate::mm::phys_range::PAGE_SHIFT
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
    /// Returns the entry that maps the kernel's virtual address `addr`, `None` where no entry does.
    ///
    /// # Context
    ///
    /// Any. The answer may be out of date unless the caller owns the address.
    pub(crate) fn lookup(addr: usize) -> Option<Self> {
        let (raw, shift) = arch::lookup(addr)?;
        let raw = arch::to_bits(raw);
        Some(Self { raw, shift })
    }

    /// Returns the bits as the CPU sees them; on 32-bit ARM as C does, which has entries of its own there.
    pub const fn raw(self) -> u64 {
        self.raw
    }

    /// Returns the physical address of the page.
    pub(crate) fn phys(self) -> u64 {
        self.raw & machine::phys_mask() & !(self.page_size() as u64 - 1)
    }

    /// Returns the size of the page in bytes.
    pub const fn page_size(self) -> usize {
        1 << self.shift
    }

    /// Returns for how many bytes from `addr` on, which this entry maps, no look-up is needed: whatever
    /// they map, they do by pages of this size.
    pub(crate) fn bytes_of_this_size(self, addr: usize) -> usize {
        // The entries of a lowest table are of one size, and above it others may follow.
        let bytes = self.page_size().max(1 << arch::TABLE_SHIFT);
        bytes - addr % bytes
    }

    /// Returns the cache mode that the entry selects, before MTRRs; `None` where no mode has its bits.
    pub fn cache_mode(self) -> Option<CacheMode> {
        mode_of_entry(self.raw, self.shift)
    }
}
