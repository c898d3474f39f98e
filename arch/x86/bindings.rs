// SPDX-License-Identifier: GPL-2.0

//! The helpers of x86's own headers, and what the kernel crate's bindings have of them.

use kernel::ffi::c_ulong;

#[cfg(iomrs_exported)]
pub(super) use kernel::bindings::{
    __p4d_alloc, __pmd_alloc, __pte_alloc_kernel, __pud_alloc, arch_sync_kernel_mappings, init_mm,
    memtype_free, memtype_kernel_map_sync, memtype_reserve, pmd_free_pte_page, pmd_set_huge,
    pud_free_pmd_page, pud_set_huge,
};
#[cfg(iomrs_stock)]
pub(super) use kernel::bindings::{arch_io_free_memtype_wc, arch_io_reserve_memtype_wc};
pub(super) use kernel::bindings::{
    cachemode2protval, lookup_address, page_cache_mode__PAGE_CACHE_MODE_NUM,
    page_cache_mode__PAGE_CACHE_MODE_UC, page_cache_mode__PAGE_CACHE_MODE_UC_MINUS,
    page_cache_mode__PAGE_CACHE_MODE_WB, page_cache_mode__PAGE_CACHE_MODE_WC,
    page_cache_mode__PAGE_CACHE_MODE_WT, pat_enabled, pg_level_PG_LEVEL_4K, pgdir_shift,
    x86_platform,
};

#[allow(improper_ctypes)]
unsafe extern "C" {
    // helpers/cpufeature.c
    pub(super) safe fn iomrs_boot_cpu_has(feature: u32) -> bool;

    // helpers/invpcid.c
    pub(super) safe fn iomrs_invpcid_flush_all();

    // helpers/msr.c
    pub(super) fn iomrs_rdmsr_safe(msr: u32, value: *mut u64) -> core::ffi::c_int;

    // helpers/paravirt.c
    pub(super) safe fn iomrs_flush_tlb_global();

    // helpers/pgtable.c
    pub(super) safe fn iomrs_is_new_memtype_allowed(
        start: u64,
        size: c_ulong,
        requested: u32,
        achieved: u32,
    ) -> bool;
    pub(super) safe fn iomrs_page_kernel_io() -> u64;
    pub(super) safe fn iomrs_page_offset() -> u64;
    pub(super) safe fn iomrs_pgprot_decrypted(prot: u64) -> u64;
    pub(super) safe fn iomrs_phys_mask() -> u64;
    pub(super) safe fn iomrs_pte_template(prot: u64) -> u64;
    pub(super) fn iomrs_set_pte(entry: *mut u64, phys: u64, prot: u64);
    pub(super) safe fn iomrs_sme_set(prot: u64) -> u64;
}

#[cfg(iomrs_exported)]
unsafe extern "C" {
    /// The largest page for I/O, as a shift: that of a small page after "nohugeiomap".
    /// `kconfig/export.patch` makes it visible.
    pub(super) static ioremap_max_page_shift: core::ffi::c_uint;
}
