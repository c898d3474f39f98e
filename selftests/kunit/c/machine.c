// SPDX-License-Identifier: GPL-2.0
/*
 * What this machine and this task are like. See selftests.h.
 */
#include <linux/cc_platform.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>
#include <asm/memtype.h>
#include <asm/processor.h>
#include <asm/set_memory.h>

#include "selftests.h"

/* The entry that maps @addr, 0 where none does, and the size of its page as a shift. */
u64 iomrs_c_lookup_entry(unsigned long addr, u32 *shift)
{
	unsigned int level;
	pte_t *pte = lookup_address(addr, &level);

	if (!pte || !pte_present(*pte))
		return 0;
	*shift = PAGE_SHIFT + PTE_SHIFT * (level - PG_LEVEL_4K);
	return pte_val(*pte);
}

/* The first address that is past the width of a physical address. */
u64 iomrs_c_phys_limit(void)
{
	return 1ULL << boot_cpu_data.x86_phys_bits;
}

/* A page of memory that the kernel is using at this moment. */
u64 iomrs_c_ram_page(void)
{
	return virt_to_phys(current) & PAGE_MASK;
}

unsigned long iomrs_c_vmalloc_total(void)
{
	return VMALLOC_TOTAL;
}

/* Pages that nobody has, those that a CPU keeps ready included. */
unsigned long iomrs_c_free_pages(void)
{
	unsigned long free = 0;
	int nid, cpu;

	for_each_online_node(nid) {
		struct zone *zone = NODE_DATA(nid)->node_zones;
		struct zone *end = zone + MAX_NR_ZONES;

		for (; zone < end; zone++) {
			if (!populated_zone(zone))
				continue;
			free += zone_page_state_snapshot(zone, NR_FREE_PAGES);
			for_each_online_cpu(cpu)
				free += per_cpu_ptr(zone->per_cpu_pageset, cpu)->count;
		}
	}
	return free;
}

/* Pages that are page tables, the kernel's own included, as MemInfo's PageTables but exact. */
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

bool iomrs_c_pat_enabled(void)
{
	return pat_enabled();
}

/* Does the page at @phys have a struct page? */
bool iomrs_c_has_struct_page(u64 phys)
{
	return pfn_valid(PHYS_PFN(phys));
}

/* The largest page of this CPU, as a shift. */
u32 iomrs_c_largest_page_shift(void)
{
	return boot_cpu_has(X86_FEATURE_GBPAGES) ? PUD_SHIFT :
	       boot_cpu_has(X86_FEATURE_PSE) ? PMD_SHIFT : PAGE_SHIFT;
}

u32 iomrs_c_preempt_count(void)
{
	return preempt_count();
}

u32 iomrs_c_pagefault_disabled(void)
{
	return current->pagefault_disabled;
}

/* Gives back all address space that is waiting to be invalidated, so that it can be had again at once. */
void iomrs_c_vm_unmap_aliases(void)
{
	vm_unmap_aliases();
}

/* Maps @phys at @addr behind everybody's back, where the table for it is there and the entry empty. */
bool iomrs_c_populate_entry(unsigned long addr, u64 phys)
{
	unsigned int level;
	pte_t *pte = lookup_address(addr, &level);

	if (!pte || level != PG_LEVEL_4K || !pte_none(*pte))
		return false;
	set_pte(pte, pfn_pte(PHYS_PFN(phys), PAGE_KERNEL_NOCACHE));
	return true;
}

/* Takes back what iomrs_c_populate_entry() has done, while nobody has used the address. */
void iomrs_c_clear_entry(unsigned long addr)
{
	unsigned int level;
	pte_t *pte = lookup_address(addr, &level);

	if (pte && level == PG_LEVEL_4K)
		set_pte(pte, __pte(0));
}

/*
 * A page of RAM that ioremap may map, as the page is marked reserved: where the kernel has it, and its address. It is
 * the first of a block that the kernel's own mapping is likely to have one large entry for.
 */
#define RESERVED_ORDER (PMD_SHIFT - PAGE_SHIFT)

unsigned long iomrs_c_alloc_reserved_page(u64 *phys)
{
	struct page *page = alloc_pages(GFP_KERNEL, RESERVED_ORDER);

	if (!page)
		return 0;
	SetPageReserved(page);
	*phys = page_to_phys(page);
	return (unsigned long)page_address(page);
}

void iomrs_c_free_reserved_page(unsigned long addr)
{
	struct page *page = virt_to_page((void *)addr);

	/* Mapping it has changed the kernel's own mapping, and nothing has changed it back. */
	set_memory_wb(addr, 1);
	ClearPageReserved(page);
	__free_pages(page, RESERVED_ORDER);
}

bool iomrs_c_guest_is_encrypted(void)
{
	return cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT);
}
