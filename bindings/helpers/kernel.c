// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>

/* Exported: the Rust that calls it is inlined into the modules that use the library. */
void iomrs_might_sleep(void)
{
	might_sleep();
}
EXPORT_SYMBOL_GPL(iomrs_might_sleep);
