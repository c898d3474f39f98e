// SPDX-License-Identifier: GPL-2.0
#include <linux/workqueue.h>

void iomrs_init_work(struct work_struct *work, work_func_t fn)
{
	INIT_WORK(work, fn);
}
