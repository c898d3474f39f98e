// SPDX-License-Identifier: GPL-2.0
#include <asm/memory.h>

unsigned long iomrs_page_offset(void)
{
	return PAGE_OFFSET;
}
