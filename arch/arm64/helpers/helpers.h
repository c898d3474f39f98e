/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers as in bindings/helpers/, of arm64's own headers. arch/arm64/bindings.rs declares the same functions for Rust,
 * and tools/bindings.py compares the two.
 */
#ifndef IOMRS_ARM64_HELPERS_H
#define IOMRS_ARM64_HELPERS_H

#include <linux/types.h>

/* cpufeature.c */
u32 iomrs_phys_bits(void);

/* io.c */
u8 iomrs_inb(unsigned long port);
u16 iomrs_inw(unsigned long port);
u32 iomrs_inl(unsigned long port);
void iomrs_outb(u8 value, unsigned long port);
void iomrs_outw(u16 value, unsigned long port);
void iomrs_outl(u32 value, unsigned long port);

/* memory.c */
u64 iomrs_page_offset(void);
u64 iomrs_phys_offset(void);
u32 iomrs_va_bits(void);

/* pgtable.c */
bool iomrs_has_pud_blocks(void);
u64 iomrs_phys_mask(void);
u64 iomrs_pgprot_decrypted(u64 prot);
u64 iomrs_pgprot_device(u64 prot);
u64 iomrs_pgprot_noncached(u64 prot);
u64 iomrs_pgprot_writecombine(u64 prot);
u64 iomrs_prot_normal(void);

/* rsi.c */
bool iomrs_is_protected_mmio(u64 phys, unsigned long size);
bool iomrs_is_realm_world(void);

/* sysreg.c */
u64 iomrs_ttbr1(void);

/* tlbflush.c */
void iomrs_flush_tlb_all(void);
void iomrs_flush_tlb_kernel_page(unsigned long addr);

#endif
