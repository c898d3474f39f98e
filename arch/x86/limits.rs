// SPDX-License-Identifier: GPL-2.0

//! What `arch/machine.rs` asks for once.

use super::bindings as c;

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

/// The pages that `ioremap()` uses: as C's `arch_vmap_pmd_supported()` and its like allow them.
#[cfg(iomrs_exported)]
pub(crate) fn max_page_shift() -> u32 {
    use super::page_table::{PMD_SHIFT, PUD_SHIFT};
    use kernel::bindings::{X86_FEATURE_GBPAGES, X86_FEATURE_PSE};

    let largest = if c::iomrs_boot_cpu_has(X86_FEATURE_GBPAGES) {
        PUD_SHIFT
    } else if c::iomrs_boot_cpu_has(X86_FEATURE_PSE) {
        PMD_SHIFT
    } else {
        kernel::page::PAGE_SHIFT as u32
    };
    // SAFETY: A number that does not change after boot.
    largest.min(unsafe { c::ioremap_max_page_shift })
}

/// C: `PAGE_OFFSET`.
#[cfg(iomrs_exported)]
pub(crate) fn page_offset() -> usize {
    // CAST: an address.
    c::iomrs_page_offset() as usize
}
