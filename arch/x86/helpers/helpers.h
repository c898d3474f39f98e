/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers as in bindings/helpers/, of x86's own headers. arch/x86/bindings.rs declares the same functions for Rust, and
 * tools/bindings.py compares the two.
 */
#ifndef IOMRS_X86_HELPERS_H
#define IOMRS_X86_HELPERS_H

#include <linux/types.h>

/* cpufeature.c */
bool iomrs_boot_cpu_has(u32 feature);

/* invpcid.c */
void iomrs_invpcid_flush_all(void);

/* msr.c */
int iomrs_rdmsr_safe(u32 msr, u64 *value);

/* paravirt.c */
void iomrs_flush_tlb_global(void);

/* pgtable.c */
bool iomrs_is_new_memtype_allowed(u64 start, unsigned long size, u32 requested, u32 achieved);
u64 iomrs_page_kernel_io(void);
u64 iomrs_page_offset(void);
u64 iomrs_pgprot_decrypted(u64 prot);
u64 iomrs_phys_mask(void);
u64 iomrs_pte_template(u64 prot);
void iomrs_set_pte(u64 *entry, u64 phys, u64 prot);
u64 iomrs_sme_set(u64 prot);

#endif
