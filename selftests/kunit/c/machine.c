// SPDX-License-Identifier: GPL-2.0
/*
 * The machine and its memory: see selftests.h.
 */
#include <linux/cc_platform.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>
#ifdef CONFIG_X86_64
#include <asm/memtype.h>
#include <asm/processor.h>
#include <asm/set_memory.h>
#endif

#include "selftests.h"

#define RESERVED_ORDER (PMD_SHIFT - PAGE_SHIFT)

/* Returns the first address beyond the physical address width. */
u64 iomrs_c_phys_limit(void)
{
#ifdef CONFIG_X86_64
	return 1ULL << boot_cpu_data.x86_phys_bits;
#else
	return (u64)(phys_addr_t)PHYS_MASK + 1;
#endif
}

/* Returns the address of a page of RAM that the kernel is using. */
u64 iomrs_c_ram_page(void)
{
	return virt_to_phys(current) & PAGE_MASK;
}

unsigned long iomrs_c_vmalloc_total(void)
{
	return VMALLOC_TOTAL;
}

/* Returns how many pages are free, those in the lists of each CPU included. */
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

/* Whether each cache mode is one of its own, and the kernel has a registry of them. */
bool iomrs_c_pat_enabled(void)
{
#ifdef CONFIG_X86_64
	return pat_enabled();
#else
	return false;
#endif
}

/* Returns the size of the CPU's largest page, as a shift. */
u32 iomrs_c_largest_page_shift(void)
{
#ifdef CONFIG_X86_64
	return boot_cpu_has(X86_FEATURE_GBPAGES) ? PUD_SHIFT :
	       boot_cpu_has(X86_FEATURE_PSE) ? PMD_SHIFT : PAGE_SHIFT;
#else
	return PAGE_SHIFT;
#endif
}

/*
 * Allocates a page of RAM that ioremap takes on x86, as the page is marked as reserved. Returns its address in the
 * direct mapping, or 0. It is the first page of a block, for which the direct mapping is likely to have one large
 * entry.
 */
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

#ifdef CONFIG_X86_64
	/* Mapping the page has changed the direct mapping, and nothing has changed that back. */
	set_memory_wb(addr, 1);
#endif
	ClearPageReserved(page);
	__free_pages(page, RESERVED_ORDER);
}

bool iomrs_c_guest_is_encrypted(void)
{
	return cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT);
}
