// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What `arch/machine.rs` asks for once.

use super::bindings as c;
use super::page_table::{PMD_SHIFT, PUD_SHIFT};
use crate::arch::generic::limits;

/// Bits of a physical address that stand in an entry in one piece.
const ENTRY_BITS: u32 = 50;

/// The width that the CPU has. Addresses beyond [`ENTRY_BITS`], 1 PiB, are refused.
pub(crate) fn phys_bits() -> u32 {
    let mask_bits = u64::BITS - phys_mask().leading_zeros();
    c::iomrs_phys_bits().min(mask_bits)
}

/// C: `PHYS_MASK`, up to [`ENTRY_BITS`].
pub(crate) fn phys_mask() -> u64 {
    c::iomrs_phys_mask() & ((1 << ENTRY_BITS) - 1)
}

/// There are larger pages than the smallest, where CPU and command line allow them.
pub(crate) const ONLY_PAGE_SHIFT: Option<u32> = None;

/// The pages that `ioremap()` uses: as C's `arch_vmap_pud_supported()` and its like allow them.
pub(crate) fn max_page_shift() -> u32 {
    let largest = if c::iomrs_has_pud_blocks() {
        PUD_SHIFT
    } else {
        PMD_SHIFT
    };
    largest.min(limits::max_page_shift_of_command_line())
}

/// Pages of RAM that are marked as reserved are refused, as in C: the kernel has mapped them with another memory type.
pub(crate) const MAPS_RESERVED_RAM: bool = false;

/// The end of all that can be mapped at `page_offset`. `high_memory` does not grow when memory is plugged in here.
#[inline(always)]
pub(crate) const fn end_of_ram(page_offset: usize) -> u64 {
    // CAST: as wide.
    usize::MAX.wrapping_sub(page_offset) as u64
}

/// The address that physical address 0 would have in the kernel's mapping of memory.
pub(crate) fn page_offset() -> usize {
    // CAST: an address.
    c::iomrs_page_offset().wrapping_sub(c::iomrs_phys_offset()) as usize
}
