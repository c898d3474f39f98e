// SPDX-License-Identifier: GPL-2.0

//! What the kernel's list of resources (`/proc/iomem`) says of a physical range.
//!
//! C: `__ioremap_check_mem()` in [`arch/x86/mm/ioremap.c`](srctree/arch/x86/mm/ioremap.c),
//! `iomem_map_sanity_check()` in [`kernel/resource.c`](srctree/kernel/resource.c)

use crate::arch::encryption::is_private_mmio;
use crate::arch::machine::{end_of_ram, is_guest_encrypted, MAPS_RESERVED_RAM};
use crate::bindings::{self, efi};
use crate::mm::phys_range::{PAGE_SHIFT, PAGE_SIZE};
use kernel::bindings as c;

mod encryption;
#[cfg(iomrs_exported)]
mod exported;
#[cfg(iomrs_exported)]
use exported as backend;

#[cfg(iomrs_stock)]
mod stock;
#[cfg(iomrs_stock)]
mod walk;
#[cfg(iomrs_stock)]
use stock as backend;

/// What is known of a range.
#[derive(Clone, Copy, Default)]
pub(crate) struct RangeUse {
    /// It holds system RAM that the kernel uses.
    pub(crate) is_ram: bool,
    /// It holds reserved pages of system RAM, which the kernel has a mapping of its own for.
    #[cfg(iomrs_stock)]
    pub(crate) is_reserved_ram: bool,
    /// A confidential guest must map it encrypted.
    pub(crate) is_encrypted: bool,
    /// It leaves a resource that it begins in, or the reverse.
    pub(crate) crosses_resource: bool,
}

impl RangeUse {
    /// Looks at the `size` bytes, not 0, from `start` on, which do not wrap. A range within a region
    /// that the caller has `requested` is looked at for encryption only: the request has kept out the
    /// rest.
    ///
    /// # Context
    ///
    /// May sleep.
    #[inline(always)]
    pub(crate) fn of(start: u64, size: u64, requested: bool) -> Self {
        let last = start.wrapping_add(size.wrapping_sub(1));
        let is_guest_encrypted = is_guest_encrypted();
        if !is_guest_encrypted && (requested || is_page_of_device(start, last)) {
            return Self::default();
        }
        Self::look_at(start, last, is_guest_encrypted)
    }

    #[inline(never)]
    fn look_at(start: u64, last: u64, is_guest_encrypted: bool) -> Self {
        let mut found = backend::look_at(start, last, is_guest_encrypted);
        if is_guest_encrypted && !found.is_encrypted {
            found.is_encrypted =
                encryption::is_encrypted_without_resource(start, last, is_private_mmio, efi_memory);
        }
        found
    }
}

/// Whether the bytes `start` to `last` are in one page, which is no RAM. Then it crosses no resource either:
/// what overlaps a page has all of it, as far as whole pages count.
#[inline(always)]
fn is_page_of_device(start: u64, last: u64) -> bool {
    page_start(start) == page_start(last) && !may_have_ram(start, last)
}

/// Whether some of the bytes `start` to `last` may be RAM: they are where RAM is, and their pages have a
/// `struct page`. The latter is found out where all have one or none. Of others the list of resources
/// tells it for less.
#[inline(always)]
fn may_have_ram(start: u64, last: u64) -> bool {
    // CAST: Numbers of page frames.
    let (pfn, last_pfn) = (
        (start >> PAGE_SHIFT) as usize,
        (last >> PAGE_SHIFT) as usize,
    );
    start < end_of_ram()
        && (pfn / PFN_BLOCK != last_pfn / PFN_BLOCK || bindings::iomrs_pfn_valid(pfn))
}

/// Whether any of the `size` bytes from `start` on is system RAM, used or reserved.
pub(crate) fn has_ram(start: u64, size: usize) -> bool {
    // SAFETY: Any range may be asked for.
    let found = unsafe {
        c::region_intersects(
            start as c::resource_size_t,
            size,
            c::IORESOURCE_SYSTEM_RAM as usize,
            c::IORES_DESC_NONE as usize,
        )
    };
    found as u32 != c::REGION_DISJOINT
}

/// Whether each of the `size` bytes from `start` on is listed as reserved. The firmware reserves memory,
/// and so does `memmap=` on the kernel's command line: the list does not say which of the two it was.
pub(crate) fn is_reserved(start: u64, size: usize) -> bool {
    // SAFETY: Any range may be asked for.
    let found = unsafe {
        c::region_intersects(
            start as c::resource_size_t,
            size,
            c::IORESOURCE_MEM as usize,
            c::IORES_DESC_RESERVED as usize,
        )
    };
    found as u32 == c::REGION_INTERSECTS
}

const _: () = assert!(encryption::DESC_NONE == c::IORES_DESC_NONE);
const _: () = assert!(encryption::DESC_RESERVED == c::IORES_DESC_RESERVED);

/// Returns what is asked of a resource.
#[inline(always)]
fn resource(res: &c::resource) -> encryption::Resource {
    encryption::Resource {
        // CAST: One of a few small numbers.
        desc: res.desc as u32,
        // CAST: A constant that `flags` can hold.
        is_busy: res.flags & c::IORESOURCE_BUSY as usize != 0,
    }
}

fn efi_memory(phys: u64) -> Option<encryption::EfiMemory> {
    let found = efi::memory_at(phys)?;
    Some(encryption::EfiMemory {
        kind: found.kind,
        attributes: found.attributes,
    })
}

/// Whether a resource is RAM that is not mapped: system RAM, a page of which has a `struct page` and, where
/// reserved pages are mapped, is not reserved.
fn is_used_ram(res: &c::resource) -> bool {
    const SYSTEM_RAM: usize = c::IORESOURCE_SYSTEM_RAM as usize;
    if res.flags & SYSTEM_RAM != SYSTEM_RAM {
        return false;
    }
    let (start, last) = (u64::from(res.start), u64::from(res.end));
    let first = (start + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT;
    let (mut pfn, end) = (first as usize, ((last + 1) >> PAGE_SHIFT) as usize);
    while let Some(valid) = first_valid_pfn(pfn, end) {
        // SAFETY: The page frame has a `struct page`.
        if !MAPS_RESERVED_RAM || !unsafe { bindings::iomrs_page_is_reserved(valid) } {
            return true;
        }
        pfn = valid + 1;
    }
    false
}

/// Page frames have a `struct page` or none by blocks of as many.
#[cfg(CONFIG_SPARSEMEM_VMEMMAP)]
const PFN_BLOCK: usize = c::PAGES_PER_SUBSECTION as usize;
/// Each by itself.
#[cfg(not(CONFIG_SPARSEMEM_VMEMMAP))]
const PFN_BLOCK: usize = 1;

/// Returns the first page frame from `pfn` on that has a `struct page`, `None` where there is none
/// before `end`. (C's `first_valid_pfn()` needs what is not exported.)
fn first_valid_pfn(pfn: usize, end: usize) -> Option<usize> {
    let next = |&pfn: &usize| pfn.checked_add(1)?.checked_next_multiple_of(PFN_BLOCK);
    let mut blocks = core::iter::successors(Some(pfn), next).take_while(|&pfn| pfn < end);
    blocks.find(|&pfn| bindings::iomrs_pfn_valid(pfn))
}

/// The first byte of the page that holds `addr`.
const fn page_start(addr: u64) -> u64 {
    addr & !(PAGE_SIZE - 1)
}

/// The last byte of the page that holds `addr`.
const fn page_last(addr: u64) -> u64 {
    addr | (PAGE_SIZE - 1)
}
