// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's page table: see selftests.h.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "selftests.h"

#ifdef CONFIG_X86_64
/* Returns the entry that maps @addr, or 0 where none does. @shift becomes the size of its page. */
u64 iomrs_c_lookup_entry(unsigned long addr, u32 *shift)
{
	unsigned int level;
	pte_t *ptep = lookup_address(addr, &level);
	/* Others may change it meanwhile. */
	pte_t pte = ptep ? ptep_get(ptep) : __pte(0);

	if (!pte_present(pte))
		return 0;
	*shift = PAGE_SHIFT + PTE_SHIFT * (level - PG_LEVEL_4K);
	return pte_val(pte);
}

/*
 * Returns how many bytes from @addr on are covered by the entry that maps nothing there; of small pages, by all such
 * entries that follow in the table.
 */
u64 iomrs_c_gap(unsigned long addr)
{
	unsigned int level = PG_LEVEL_512G;
	unsigned long size, next = addr;
	pte_t *pte = lookup_address(addr, &level);

	if (pte && level == PG_LEVEL_4K) {
		do {
			next = (next & PAGE_MASK) + PAGE_SIZE;
			pte++;
		} while (next & ~PMD_MASK && !pte_present(ptep_get(pte)));
		return next - addr;
	}
	size = 1UL << (PAGE_SHIFT + PTE_SHIFT * (level - PG_LEVEL_4K));
	return size - (addr & (size - 1));
}

/*
 * Writes an entry that maps @phys at @addr, which no area has. Returns false where the table is missing or the entry is
 * in use.
 */
bool iomrs_c_populate_entry(unsigned long addr, u64 phys)
{
	unsigned int level;
	pte_t *pte = lookup_address(addr, &level);

	if (!pte || level != PG_LEVEL_4K || !pte_none(ptep_get(pte)))
		return false;
	set_pte(pte, pfn_pte(PHYS_PFN(phys), PAGE_KERNEL_NOCACHE));
	return true;
}

/* Clears the entry that iomrs_c_populate_entry() has written. Nobody has used the address meanwhile. */
void iomrs_c_clear_entry(unsigned long addr)
{
	unsigned int level;
	pte_t *pte = lookup_address(addr, &level);

	if (pte && level == PG_LEVEL_4K)
		set_pte(pte, __pte(0));
}
#else
/* Where the kernel's page table begins: swapper_pg_dir, which modules do not see (arch/arm/kernel/head.S). */
#ifdef CONFIG_ARM_LPAE
#define PGD_BYTES	0x5000
#else
#define PGD_BYTES	0x4000
#endif
#define KERNEL_PGD	((pgd_t *)(PAGE_OFFSET + 0x8000 - PGD_BYTES))

/* Returns the entry that maps @addr by a small page, or 0 where none does. */
u64 iomrs_c_lookup_entry(unsigned long addr, u32 *shift)
{
	pgd_t *pgd = pgd_offset_pgd(KERNEL_PGD, addr);
	pmd_t *pmd = pmd_offset(pud_offset(p4d_offset(pgd, addr), addr), addr);
	pte_t pte;

	if (pmd_none(pmdp_get(pmd)) || pmd_leaf(pmdp_get(pmd)))
		return 0;
	/* Others may change it meanwhile. */
	pte = ptep_get(pte_offset_kernel(pmd, addr));
	if (!pte_present(pte))
		return 0;
	*shift = PAGE_SHIFT;
	return pte_val(pte);
}

/* Returns how many bytes from @addr on its page has. */
u64 iomrs_c_gap(unsigned long addr)
{
	return PAGE_SIZE - (addr & ~PAGE_MASK);
}
#endif

/* Returns how many pages are page tables, the kernel's own included: PageTables of /proc/meminfo, but exact. */
unsigned long iomrs_c_page_table_pages(void)
{
	unsigned long pages = 0;
	int nid, cpu;

	for_each_online_node(nid) {
		pages += node_page_state(NODE_DATA(nid), NR_PAGETABLE);
		for_each_online_cpu(cpu)
			pages += per_cpu_ptr(NODE_DATA(nid)->per_cpu_nodestats, cpu)->vm_node_stat_diff[NR_PAGETABLE];
	}
	return pages;
}

/* Frees the address space that waits for its invalidation, so that it can be allocated again at once. */
void iomrs_c_vm_unmap_aliases(void)
{
	vm_unmap_aliases();
}
