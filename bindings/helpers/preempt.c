// SPDX-License-Identifier: GPL-2.0
/*
 * What is exported is called by Rust that is inlined into the modules that use the library.
 */
#include <linux/preempt.h>
#include <linux/uaccess.h>

/* What preempt_enable() does where the scheduler waits for it. */
void iomrs_preempt(void)
{
#ifdef CONFIG_PREEMPTION
	__preempt_schedule();
#endif
}
EXPORT_SYMBOL_GPL(iomrs_preempt);

void iomrs_preempt_disable(void)
{
	preempt_disable();
}
EXPORT_SYMBOL_GPL(iomrs_preempt_disable);

void iomrs_preempt_enable(void)
{
	preempt_enable();
}
EXPORT_SYMBOL_GPL(iomrs_preempt_enable);

void iomrs_pagefault_disable(void)
{
	pagefault_disable();
}
EXPORT_SYMBOL_GPL(iomrs_pagefault_disable);

void iomrs_pagefault_enable(void)
{
	pagefault_enable();
}
EXPORT_SYMBOL_GPL(iomrs_pagefault_enable);

bool iomrs_preemptible(void)
{
	return preemptible();
}

/* Soft interrupts of PREEMPT_RT are tasks. */
bool iomrs_in_interrupt(void)
{
	return in_hardirq() || (!IS_ENABLED(CONFIG_PREEMPT_RT) && in_serving_softirq());
}
