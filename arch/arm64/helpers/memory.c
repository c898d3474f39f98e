// SPDX-License-Identifier: GPL-2.0
#include <asm/memory.h>

u64 iomrs_page_offset(void)
{
	return PAGE_OFFSET;
}

u64 iomrs_phys_offset(void)
{
	return PHYS_OFFSET;
}

u32 iomrs_va_bits(void)
{
	return vabits_actual;
}
