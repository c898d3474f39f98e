// SPDX-License-Identifier: GPL-2.0

//! The helpers of ARM's own headers.

use kernel::ffi::{c_int, c_ulong, c_void};

#[allow(improper_ctypes)]
unsafe extern "C" {
    // helpers/io.c
    pub(super) fn iomrs_memcpy_fromio(to: *mut c_void, from: *const c_void, count: c_ulong);
    pub(super) fn iomrs_memcpy_toio(to: *mut c_void, from: *const c_void, count: c_ulong);
    pub(super) fn iomrs_memset_io(to: *mut c_void, value: c_int, count: c_ulong);

    // helpers/memory.c
    pub(super) safe fn iomrs_page_offset() -> c_ulong;

    // helpers/pgtable.c
    pub(super) safe fn iomrs_phys_mask() -> u64;
    pub(super) safe fn iomrs_pmd_is_leaf(addr: c_ulong) -> bool;
    pub(super) safe fn iomrs_prot_device() -> u64;
    pub(super) safe fn iomrs_prot_device_cached() -> u64;
    pub(super) safe fn iomrs_prot_device_wc() -> u64;
    pub(super) safe fn iomrs_prot_uncached() -> u64;
    pub(super) fn iomrs_pte_alloc_kernel(addr: c_ulong) -> *mut c_void;
    pub(super) safe fn iomrs_pte_mt_mask() -> u64;
    pub(super) safe fn iomrs_pte_rdonly() -> u64;
    pub(super) fn iomrs_set_pte(entry: *mut c_void, pte: u64);
    pub(super) safe fn iomrs_virt_to_kpte(addr: c_ulong) -> *mut c_void;

    // helpers/tlbflush.c
    pub(super) safe fn iomrs_local_flush_tlb_all();
    pub(super) safe fn iomrs_local_flush_tlb_kernel_page(addr: c_ulong);
}
