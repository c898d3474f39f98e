// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own files, read without a user, and the fault injector's switches. See selftests.h.
 *
 * KUnit runs tests in kernel threads, which see an empty file system: names are looked up as the first process would.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/uio.h>

#include "selftests.h"

static struct file *open_file(const char *path)
{
	struct file *file;

	scoped_with_init_fs()
		file = filp_open(path, O_RDONLY, 0);
	return file;
}

/*
 * Reads a file that is a seq_file, in proc or debugfs, up to its end. debugfs has no read_iter, so the seq_file is
 * asked directly.
 */
long iomrs_c_read_file(const char *path, char *buf, size_t size)
{
	struct file *file = open_file(path);
	size_t done = 0;
	ssize_t got;

	if (IS_ERR(file))
		return PTR_ERR(file);
	do {
		struct kvec vec = { .iov_base = buf + done, .iov_len = size - done };
		struct kiocb iocb;
		struct iov_iter iter;

		init_sync_kiocb(&iocb, file);
		iocb.ki_pos = done;
		iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
		got = seq_read_iter(&iocb, &iter);
		done += max_t(ssize_t, got, 0);
	} while (got > 0 && done < size);
	filp_close(file, NULL);
	if (got < 0)
		return got;
	return done < size ? done : -EFBIG;
}

/*
 * By default the injector leaves alone the allocations that may sleep, and those of one page, which is all that we do.
 * Its switches are plain variables behind files of debugfs, which take no writes from the kernel. The last three of each
 * kind let every allocation fail of a task that is marked (make_it_fail).
 */
struct fault_switch {
	const char *path;
	size_t size;
	unsigned long value, before;
	void *var;
};

static struct fault_switch fault_switches[] = {
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

/* From here on iomrs_c_fail_nth() can make every allocation of this task fail. */
int iomrs_c_fault_injection_begin(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fault_switches); i++) {
		struct fault_switch *sw = &fault_switches[i];
		struct file *file = open_file(sw->path);

		if (IS_ERR(file)) {
			iomrs_c_fault_injection_end();
			return PTR_ERR(file);
		}
		sw->var = file_inode(file)->i_private;
		filp_close(file, NULL);
		sw->before = 0;
		memcpy(&sw->before, sw->var, sw->size);
		memcpy(sw->var, &sw->value, sw->size);
	}
	return 0;
}

/* In the other order: a probability must not outlive the filter. */
void iomrs_c_fault_injection_end(void)
{
	size_t i;

	for (i = ARRAY_SIZE(fault_switches); i-- > 0;) {
		struct fault_switch *sw = &fault_switches[i];

		if (sw->var)
			memcpy(sw->var, &sw->before, sw->size);
		sw->var = NULL;
	}
}

/* The @n-th allocation of this task from now on fails; 0: none. */
void iomrs_c_fail_nth(u32 n)
{
	WRITE_ONCE(current->fail_nth, n);
}

/* The @n-th allocation of this task from now on fails, and so do all that follow; 0: none. */
void iomrs_c_fail_from(u32 n)
{
	current->make_it_fail = n != 0;
	iomrs_c_fail_nth(n);
}

/* How many allocations it would have taken still; 0: one has failed. */
u32 iomrs_c_fail_countdown(void)
{
	return READ_ONCE(current->fail_nth);
}
