// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>

/* Writes what %pS makes of @addr, at most @size bytes with the NUL. Returns how many, without it. */
int iomrs_symbol(char *text, size_t size, unsigned long addr)
{
	return scnprintf(text, size, "%pS", (void *)addr);
}
