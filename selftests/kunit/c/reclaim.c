// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: a shrinker of the tests, and what makes the kernel call it. See selftests.h.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include "selftests.h"

/* So many objects that the kernel asks for half of them at once, whatever the priority: see do_shrink_slab(). */
#define OBJECTS	1024

struct test_shrinker {
	struct shrinker *shrinker;
	bool (*scan)(void *arg);
	void *arg;
};

static unsigned long test_shrinker_count(struct shrinker *shrinker, struct shrink_control *control)
{
	return OBJECTS;
}

static unsigned long test_shrinker_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	struct test_shrinker *test = shrinker->private_data;

	return test->scan(test->arg) ? 1 : SHRINK_STOP;
}

/* Has the kernel call @scan when memory is short: it returns whether it gave something up. NULL where that fails. */
void *iomrs_c_shrinker_start(bool (*scan)(void *arg), void *arg)
{
	struct test_shrinker *test = kzalloc(sizeof(*test), GFP_KERNEL);

	if (!test)
		return NULL;
	test->scan = scan;
	test->arg = arg;
	test->shrinker = shrinker_alloc(0, "iomrs-test");
	if (!test->shrinker) {
		kfree(test);
		return NULL;
	}
	test->shrinker->count_objects = test_shrinker_count;
	test->shrinker->scan_objects = test_shrinker_scan;
	test->shrinker->private_data = test;
	test->shrinker->batch = OBJECTS / 2;
	test->shrinker->seeks = 0;
	shrinker_register(test->shrinker);
	return test;
}

/* Waits until @scan has returned, which is not called again. */
void iomrs_c_shrinker_stop(void *data)
{
	struct test_shrinker *test = data;

	shrinker_free(test->shrinker);
	kfree(test);
}

/* Calls @fn as a task calls shrinkers that must wait for memory. */
void iomrs_c_run_in_reclaim(void (*fn)(void *arg), void *arg)
{
	unsigned int flags;

	fs_reclaim_acquire(GFP_KERNEL);
	flags = memalloc_noreclaim_save();
	fn(arg);
	memalloc_noreclaim_restore(flags);
	fs_reclaim_release(GFP_KERNEL);
}

/* Has the kernel call all shrinkers, as who writes 2 to /proc/sys/vm/drop_caches. */
int iomrs_c_drop_slab(void)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t done;

	scoped_with_init_fs()
		file = filp_open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	done = kernel_write(file, "2", 1, &pos);
	filp_close(file, NULL);
	return done < 0 ? done : 0;
}

/*
 * Takes pages, the largest first, until @is_enough says so, or none are left that can be had without ending a process
 * for them. Frees them.
 */
void iomrs_c_use_up_memory(bool (*is_enough)(void *arg), void *arg)
{
	struct page *page, *next;
	int order = MAX_PAGE_ORDER;
	LIST_HEAD(pages);

	while (!is_enough(arg) && order >= 0) {
		page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, order);
		if (!page) {
			order--;
			continue;
		}
		set_page_private(page, order);
		list_add(&page->lru, &pages);
	}
	list_for_each_entry_safe(page, next, &pages, lru) {
		unsigned int of_page = page_private(page);

		set_page_private(page, 0);
		list_del(&page->lru);
		__free_pages(page, of_page);
	}
}
