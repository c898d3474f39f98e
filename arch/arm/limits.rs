// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What `arch/machine.rs` asks for once.

use super::bindings as c;
use kernel::page::PAGE_SHIFT;

/// The width of an address in an entry: 32 bits, with `CONFIG_ARM_LPAE` 40. Supersections, which reach further with
/// short entries, are not used.
pub(crate) fn phys_bits() -> u32 {
    u64::BITS - phys_mask().leading_zeros()
}

/// C: `PHYS_MASK`.
pub(crate) fn phys_mask() -> u64 {
    c::iomrs_phys_mask()
}

/// There are small pages only, so that nothing has to be asked.
pub(crate) const ONLY_PAGE_SHIFT: Option<u32> = Some(PAGE_SHIFT as u32);

/// The pages that `ioremap()` uses: small ones. On one CPU, and with short entries, C has sections, too.
pub(crate) const fn max_page_shift() -> u32 {
    PAGE_SHIFT as u32
}

/// Pages of RAM that are marked as reserved are refused, as in C: the kernel has mapped them with another memory type.
pub(crate) const MAPS_RESERVED_RAM: bool = false;

/// The end of all addresses: not all RAM is mapped where `CONFIG_HIGHMEM` is set.
#[inline(always)]
pub(crate) const fn end_of_ram(_page_offset: usize) -> u64 {
    u64::MAX
}

/// C: `PAGE_OFFSET`.
pub(crate) fn page_offset() -> usize {
    c::iomrs_page_offset()
}
