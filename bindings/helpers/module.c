// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

bool iomrs_within_module(unsigned long addr, const void *module)
{
	return within_module(addr, module);
}

bool iomrs_within_library(unsigned long addr)
{
	return within_module(addr, THIS_MODULE);
}

void iomrs_module_get(void)
{
	__module_get(THIS_MODULE);
}

void iomrs_module_put(void)
{
	module_put(THIS_MODULE);
}
