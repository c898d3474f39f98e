// SPDX-License-Identifier: GPL-2.0
#include <linux/irqflags.h>

unsigned long iomrs_local_irq_save(void)
{
	unsigned long flags;

	local_irq_save(flags);
	return flags;
}

void iomrs_local_irq_restore(unsigned long flags)
{
	local_irq_restore(flags);
}
