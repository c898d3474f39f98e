/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs by architecture. ../../arch/arm64.rs has the clock in Rust.
 */
#ifndef IOMRS_ARCH_H
#define IOMRS_ARCH_H

#include <linux/pgtable.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/mmu_context.h>
#include <asm/sysreg.h>

#include "generic_timer.h"

/* The virtual counter, read after all that comes before and before all that comes after. */
static __always_inline u64 ticks(void)
{
	u64 ticks;

	asm volatile("isb; mrs %0, cntvct_el0; isb" : "=r" (ticks) : : "memory");
	return ticks;
}

/* Returns whether a small page is mapped there. */
static inline bool is_small_page(unsigned long addr)
{
	pgd_t *table = phys_to_virt(read_sysreg(ttbr1_el1) & GENMASK(47, PAGE_SHIFT));
	pud_t *pud = pud_offset(p4d_offset(pgd_offset_pgd(table, addr), addr), addr);

	return !pud_leaf(READ_ONCE(*pud)) && !pmd_leaf(READ_ONCE(*pmd_offset(pud, addr)));
}

#endif
