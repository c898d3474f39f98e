// SPDX-License-Identifier: GPL-2.0
#include <asm/tlbflush.h>

void iomrs_local_flush_tlb_all(void)
{
	local_flush_tlb_all();
}

void iomrs_local_flush_tlb_kernel_page(unsigned long addr)
{
	local_flush_tlb_kernel_page(addr);
}
