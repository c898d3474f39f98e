// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

bool iomrs_within_module(unsigned long addr, const void *module)
{
	return within_module(addr, module);
}
