/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers as in bindings/helpers/, of ARM's own headers. arch/arm/bindings.rs declares the same functions for Rust,
 * and tools/bindings.py compares the two.
 */
#ifndef IOMRS_ARM_HELPERS_H
#define IOMRS_ARM_HELPERS_H

#include <linux/types.h>

/* io.c */
void iomrs_memcpy_fromio(void *to, const void *from, unsigned long count);
void iomrs_memcpy_toio(void *to, const void *from, unsigned long count);
void iomrs_memset_io(void *to, int value, unsigned long count);

/* memory.c */
unsigned long iomrs_page_offset(void);

/* pgtable.c */
u64 iomrs_phys_mask(void);
bool iomrs_pmd_is_leaf(unsigned long addr);
u64 iomrs_prot_device(void);
u64 iomrs_prot_device_cached(void);
u64 iomrs_prot_device_wc(void);
u64 iomrs_prot_uncached(void);
void *iomrs_pte_alloc_kernel(unsigned long addr);
u64 iomrs_pte_mt_mask(void);
u64 iomrs_pte_rdonly(void);
void iomrs_set_pte(void *entry, u64 pte);
void *iomrs_virt_to_kpte(unsigned long addr);

/* tlbflush.c */
void iomrs_local_flush_tlb_all(void);
void iomrs_local_flush_tlb_kernel_page(unsigned long addr);

#endif
