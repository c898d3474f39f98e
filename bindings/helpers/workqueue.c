// SPDX-License-Identifier: GPL-2.0
#include <linux/workqueue.h>

void iomrs_init_deferrable_work(struct delayed_work *work, work_func_t fn)
{
	INIT_DEFERRABLE_WORK(work, fn);
}
