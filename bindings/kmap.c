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

/*
 * Maps that are left to others: to what the holder of ours calls, and to interrupts. The kernel takes a full stack for
 * a BUG. Two of them copy a page; that twice.
 */
#define KM_RESERVE 4

static bool top_is_dead(void)
{
	int idx = current->kmap_ctrl.idx;

	return idx && (pte_val(current->kmap_ctrl.pteval[idx - 1]) & KMAP_DEAD);
}

/* Takes away the topmost map, which is at @addr, and the dead ones that have become topmost by that. */
static void pop(unsigned long addr)
{
	do {
		kunmap_local_indexed((void *)addr);
		/* The stack grows downwards from one fixmap entry to the next. */
		addr += KM_STEP * PAGE_SIZE;
	} while (top_is_dead());
}

/*
 * Maps the page at @phys. The result is its address, with the depth of the task's stack of maps in the bits below a
 * page; 0 where there is no room on that stack.
 *
 * An interrupt leaves the stack as it found it: what it maps it unmaps, and with interrupts on there is no dead map on
 * top that it could take away. So the depth does not change in here.
 */
unsigned long iomrs_kmap(u64 phys, u64 prot)
{
	int depth = current->kmap_ctrl.idx + KM_STEP;

	if (depth + KM_RESERVE * KM_STEP >= KM_MAX_IDX)
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
	unsigned long flags;

	/* The last to allow migration does so with interrupts on: who waits to move the task need not wait for a tick. */
	migrate_disable();
	/*
	 * Between the topmost map's end and that of the dead ones below, an interrupt with maps of its own would end them,
	 * and their migrate_enable() would come in the midst of ours.
	 */
	local_irq_save(flags);
	if (depth == current->kmap_ctrl.idx) {
		pop(addr);
	} else {
		pte_t *copy = &current->kmap_ctrl.pteval[depth - 1];

		*copy = __pte(pte_val(*copy) | KMAP_DEAD);
	}
	local_irq_restore(flags);
	migrate_enable();
}
