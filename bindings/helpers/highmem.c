// SPDX-License-Identifier: GPL-2.0
#include <linux/highmem.h>

unsigned long iomrs_kmap_local_pfn_prot(unsigned long pfn, u64 prot)
{
	return (unsigned long)__kmap_local_pfn_prot(pfn, __pgprot(prot));
}

void iomrs_kunmap_local_indexed(const void *addr)
{
	kunmap_local_indexed(addr);
}
