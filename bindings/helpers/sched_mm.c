// SPDX-License-Identifier: GPL-2.0
#include <linux/lockdep.h>
#include <linux/sched/mm.h>

/*
 * For lockdep, all locks of ours under which memory is allocated. By might_alloc() alone it would know of a caller's
 * locks that reclaim waits for, but not of a caller in reclaim: the kernel gives that one memory without reclaim.
 */
static struct lockdep_map iomrs_alloc_map = STATIC_LOCKDEP_MAP_INIT("iomrs_might_alloc", &iomrs_alloc_map);

/* Exported: the Rust that calls it is inlined into the modules that use the library. */
void iomrs_might_alloc(void)
{
	lock_map_acquire(&iomrs_alloc_map);
	might_alloc(GFP_KERNEL);
	lock_map_release(&iomrs_alloc_map);
}
EXPORT_SYMBOL_GPL(iomrs_might_alloc);

void iomrs_fs_reclaim_acquire(void)
{
	fs_reclaim_acquire(GFP_KERNEL);
}

void iomrs_fs_reclaim_release(void)
{
	fs_reclaim_release(GFP_KERNEL);
}
