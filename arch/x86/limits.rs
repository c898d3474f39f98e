// SPDX-License-Identifier: GPL-2.0

//! What `arch/machine.rs` asks for once.

use super::bindings as c;
use super::page_table::{PMD_SHIFT, PUD_SHIFT};
#[cfg(iomrs_stock)]
use crate::arch::generic::limits::max_page_shift_of_command_line;
use kernel::bindings::{X86_FEATURE_GBPAGES, X86_FEATURE_PSE};
use kernel::page::PAGE_SHIFT;

/// As C's `phys_addr_valid()` has it.
pub(crate) fn phys_bits() -> u32 {
    // SAFETY: A byte that does not change after boot.
    let bits = unsafe { (&raw const kernel::bindings::boot_cpu_data.x86_phys_bits).read() };
    bits.into()
}

/// C: `__PHYSICAL_MASK`.
pub(crate) fn phys_mask() -> u64 {
    c::iomrs_phys_mask()
}

/// There are larger pages than the smallest, where CPU and command line allow them.
pub(crate) const ONLY_PAGE_SHIFT: Option<u32> = None;

/// The pages that `ioremap()` uses: as C's `arch_vmap_pmd_supported()` and its like allow them.
pub(crate) fn max_page_shift() -> u32 {
    let largest = if c::iomrs_boot_cpu_has(X86_FEATURE_GBPAGES) {
        PUD_SHIFT
    } else if c::iomrs_boot_cpu_has(X86_FEATURE_PSE) {
        PMD_SHIFT
    } else {
        PAGE_SHIFT as u32
    };
    largest.min(max_page_shift_of_command_line())
}

/// C: `ioremap_max_page_shift`, which is that of a small page after "nohugeiomap".
#[cfg(iomrs_exported)]
fn max_page_shift_of_command_line() -> u32 {
    // SAFETY: A number that does not change after boot.
    unsafe { c::ioremap_max_page_shift }
}

/// Whether pages of RAM that are marked as reserved may be mapped: C maps them.
pub(crate) const MAPS_RESERVED_RAM: bool = true;

/// Returns the end of all RAM, which the kernel has mapped at `page_offset`. It grows when memory is plugged in.
#[inline(always)]
pub(crate) fn end_of_ram(page_offset: usize) -> u64 {
    // SAFETY: A static of the kernel, which is read in one piece. Whether it grows meanwhile does not matter.
    let end = unsafe { (&raw const kernel::bindings::high_memory).read_volatile() };
    // CAST: as wide.
    end.addr().wrapping_sub(page_offset) as u64
}

/// C: `PAGE_OFFSET`.
pub(crate) fn page_offset() -> usize {
    // CAST: an address.
    c::iomrs_page_offset() as usize
}
