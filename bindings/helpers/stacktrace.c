// SPDX-License-Identifier: GPL-2.0
#include <linux/stacktrace.h>

/* The addresses that return to the callers of this, the last called first. None where the kernel cannot tell. */
unsigned int iomrs_stack_trace(unsigned long *addrs, unsigned int room)
{
#ifdef CONFIG_STACKTRACE
	return stack_trace_save(addrs, room, 1);
#else
	return 0;
#endif
}
