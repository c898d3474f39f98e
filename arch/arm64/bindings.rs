// SPDX-License-Identifier: GPL-2.0

//! The helpers of arm64's own headers.

use kernel::ffi::c_ulong;

#[allow(improper_ctypes)]
unsafe extern "C" {
    // helpers/cpufeature.c
    pub(super) safe fn iomrs_phys_bits() -> u32;

    // helpers/io.c
    pub(super) fn iomrs_inb(port: c_ulong) -> u8;
    pub(super) fn iomrs_inw(port: c_ulong) -> u16;
    pub(super) fn iomrs_inl(port: c_ulong) -> u32;
    pub(super) fn iomrs_outb(value: u8, port: c_ulong);
    pub(super) fn iomrs_outw(value: u16, port: c_ulong);
    pub(super) fn iomrs_outl(value: u32, port: c_ulong);

    // helpers/memory.c
    pub(super) safe fn iomrs_page_offset() -> u64;
    pub(super) safe fn iomrs_phys_offset() -> u64;
    pub(super) safe fn iomrs_va_bits() -> u32;

    // helpers/pgtable.c
    pub(super) safe fn iomrs_has_pud_blocks() -> bool;
    pub(super) safe fn iomrs_phys_mask() -> u64;
    pub(super) safe fn iomrs_pgprot_decrypted(prot: u64) -> u64;
    pub(super) safe fn iomrs_pgprot_device(prot: u64) -> u64;
    pub(super) safe fn iomrs_pgprot_noncached(prot: u64) -> u64;
    pub(super) safe fn iomrs_pgprot_writecombine(prot: u64) -> u64;
    pub(super) safe fn iomrs_prot_normal() -> u64;

    // helpers/rsi.c
    pub(super) safe fn iomrs_is_realm_world() -> bool;
    pub(super) safe fn iomrs_is_protected_mmio(phys: u64, size: c_ulong) -> bool;

    // helpers/sysreg.c
    pub(super) safe fn iomrs_ttbr1() -> u64;

    // helpers/tlbflush.c
    pub(super) safe fn iomrs_flush_tlb_all();
    pub(super) safe fn iomrs_flush_tlb_kernel_page(addr: c_ulong);
}
