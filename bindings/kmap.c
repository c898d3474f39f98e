// SPDX-License-Identifier: GPL-2.0
/*
 * Shims for the window backend that uses the kernel's own temporary maps. See shims.h and window/kmap.rs.
 */
#include <linux/highmem.h>
#include <linux/irqflags.h>
#include <linux/sched.h>

#include "shims.h"

#ifndef CONFIG_KMAP_LOCAL
#error "IOMRS_WINDOW=kmap needs a kernel with CONFIG_KMAP_LOCAL"
#endif

IOMRS_CANARY(__kmap_local_pfn_prot, void *, unsigned long, pgprot_t);
IOMRS_CANARY(kunmap_local_indexed, void, const void *);

/* As mm/highmem.c: with guard pages each map takes two places on the task's stack. */
#define KM_STEP (IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL) ? 2 : 1)

/*
 * The mark of a map that was given up before the ones above it. It stands in the task's copy of the entry, which the
 * scheduler writes back after a switch; the CPU ignores it.
 */
#define KMAP_DEAD _PAGE_SOFTW1

static unsigned long top_entry(void)
{
	return pte_val(current->kmap_ctrl.pteval[current->kmap_ctrl.idx - 1]);
}

/*
 * Takes away the dead maps that have become topmost, down from the one that was at @addr. An interrupt that ends a map
 * of its own in between would do the same.
 */
static void pop_dead(unsigned long addr)
{
	unsigned long flags;

	local_irq_save(flags);
	while (current->kmap_ctrl.idx && (top_entry() & KMAP_DEAD)) {
		/* The stack grows downwards from one fixmap entry to the next. */
		addr += KM_STEP * PAGE_SIZE;
		kunmap_local_indexed((void *)addr);
	}
	local_irq_restore(flags);
}

/*
 * Maps the page at @phys. The result is its address, with the depth of the task's stack of maps in the bits below a
 * page; 0 where that stack is full: the kernel itself would be a BUG.
 */
unsigned long iomrs_kmap(u64 phys, u64 prot)
{
	int depth = current->kmap_ctrl.idx + KM_STEP;

	if (depth >= KM_MAX_IDX)
		return 0;
	return (unsigned long)__kmap_local_pfn_prot(PHYS_PFN(phys), __pgprot(prot)) | depth;
}

/*
 * Gives up a map. The kernel can only take the topmost away: another is marked, and goes when it has become the
 * topmost.
 */
void iomrs_kunmap(unsigned long map)
{
	unsigned long addr = map & PAGE_MASK;
	int depth = offset_in_page(map);
	pte_t *copy = &current->kmap_ctrl.pteval[depth - 1];

	if (depth != current->kmap_ctrl.idx) {
		*copy = __pte(pte_val(*copy) | KMAP_DEAD);
		return;
	}
	kunmap_local_indexed((void *)addr);
	pop_dead(addr);
}
