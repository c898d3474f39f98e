// SPDX-License-Identifier: GPL-2.0
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#ifdef CONFIG_ARM_LPAE
/* SOFTWARE_BIT of page_table.rs. */
static_assert(L_PTE_SPECIAL == 1ULL << 56);
#else
/* What written.rs takes them for. */
static_assert(PTE_HWTABLE_OFF == 2048);
static_assert((L_PTE_MT_MASK | L_PTE_DIRTY | L_PTE_RDONLY) == 0xfc);
#endif

/*
 * The protections of C's mem_types[], which only the kernel itself can see. L_PTE_SHARED is in those of memory where C
 * puts it into that of its own memory.
 */
#define IOMRS_PROT_MEMORY	((pgprot_val(pgprot_kernel) & ~L_PTE_MT_MASK) | L_PTE_XN)
#define IOMRS_PROT_DEVICE	(L_PTE_PRESENT | L_PTE_YOUNG | L_PTE_DIRTY | L_PTE_XN)

u64 iomrs_phys_mask(void)
{
	return PHYS_MASK;
}

bool iomrs_pmd_is_leaf(unsigned long addr)
{
	return pmd_leaf(*pmd_off_k(addr));
}

u64 iomrs_prot_device(void)
{
	return IOMRS_PROT_DEVICE | L_PTE_MT_DEV_SHARED | L_PTE_SHARED;
}

u64 iomrs_prot_device_cached(void)
{
	return IOMRS_PROT_MEMORY | L_PTE_MT_DEV_CACHED;
}

u64 iomrs_prot_device_wc(void)
{
	return IOMRS_PROT_MEMORY | L_PTE_MT_DEV_WC;
}

u64 iomrs_prot_uncached(void)
{
	return IOMRS_PROT_DEVICE | L_PTE_MT_UNCACHED;
}

void *iomrs_pte_alloc_kernel(unsigned long addr)
{
	return pte_alloc_kernel(pmd_off_k(addr), addr);
}

u64 iomrs_pte_mt_mask(void)
{
	return L_PTE_MT_MASK;
}

u64 iomrs_pte_rdonly(void)
{
	return L_PTE_RDONLY;
}

void iomrs_set_pte(void *entry, u64 pte)
{
	set_pte_ext((pte_t *)entry, __pte(pte), 0);
}

void *iomrs_virt_to_kpte(unsigned long addr)
{
	return virt_to_kpte(addr);
}
