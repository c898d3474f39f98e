// SPDX-License-Identifier: GPL-2.0
#include <asm/tlbflush.h>

void iomrs_flush_tlb_all(void)
{
	flush_tlb_all();
}

void iomrs_flush_tlb_kernel_page(unsigned long addr)
{
	flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
}
