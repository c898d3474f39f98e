// SPDX-License-Identifier: GPL-2.0
/*
 * Makes allocations fail: see selftests.h.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/sched.h>

#include "selftests.h"

/*
 * By default fault injection spares allocations that may sleep, and those of one page; the library makes no others. Its
 * settings are plain variables behind files of debugfs, which take no writes from within the kernel. The last three of
 * each kind make every allocation fail of a task that is marked (make_it_fail).
 */
struct setting {
	const char *path;
	size_t size;
	unsigned long value, before;
	void *var;
};

static struct setting settings[] = {
	{ "/sys/kernel/debug/failslab/ignore-gfp-wait", sizeof(bool), false },
	{ "/sys/kernel/debug/failslab/verbose", sizeof(unsigned long), 0 },
	{ "/sys/kernel/debug/failslab/task-filter", sizeof(bool), true },
	{ "/sys/kernel/debug/failslab/times", sizeof(atomic_t), -1 },
	{ "/sys/kernel/debug/failslab/probability", sizeof(unsigned long), 100 },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", sizeof(bool), false },
	{ "/sys/kernel/debug/fail_page_alloc/min-order", sizeof(u32), 0 },
	{ "/sys/kernel/debug/fail_page_alloc/verbose", sizeof(unsigned long), 0 },
	{ "/sys/kernel/debug/fail_page_alloc/task-filter", sizeof(bool), true },
	{ "/sys/kernel/debug/fail_page_alloc/times", sizeof(atomic_t), -1 },
	{ "/sys/kernel/debug/fail_page_alloc/probability", sizeof(unsigned long), 100 },
};

/* From here on iomrs_c_fail_nth() and iomrs_c_fail_from() can make any allocation of this task fail. */
int iomrs_c_fault_injection_begin(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		struct setting *setting = &settings[i];
		struct file *file = iomrs_c_open_file(setting->path);

		if (IS_ERR(file)) {
			iomrs_c_fault_injection_end();
			return PTR_ERR(file);
		}
		setting->var = file_inode(file)->i_private;
		filp_close(file, NULL);
		setting->before = 0;
		memcpy(&setting->before, setting->var, setting->size);
		memcpy(setting->var, &setting->value, setting->size);
	}
	return 0;
}

/* In the reverse order: a probability must not stay longer than the filter for tasks. */
void iomrs_c_fault_injection_end(void)
{
	size_t i;

	for (i = ARRAY_SIZE(settings); i-- > 0;) {
		struct setting *setting = &settings[i];

		if (setting->var)
			memcpy(setting->var, &setting->before, setting->size);
		setting->var = NULL;
	}
}

/* Makes the @n-th allocation of this task from now on fail, or none where @n is 0. */
void iomrs_c_fail_nth(u32 n)
{
	WRITE_ONCE(current->fail_nth, n);
}

/* Makes the @n-th allocation of this task and all that follow it fail, or none where @n is 0. */
void iomrs_c_fail_from(u32 n)
{
	current->make_it_fail = n != 0;
	iomrs_c_fail_nth(n);
}

/* Returns how many more allocations there would have to be until one fails: 0 says that one has failed. */
u32 iomrs_c_fail_countdown(void)
{
	return READ_ONCE(current->fail_nth);
}
