// SPDX-License-Identifier: GPL-2.0
#include <linux/smp.h>

void iomrs_on_each_cpu(smp_call_func_t fn, void *arg)
{
	on_each_cpu(fn, arg, true);
}
