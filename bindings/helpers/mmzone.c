// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/mmzone.h>

bool iomrs_pfn_valid(unsigned long pfn)
{
	return pfn_valid(pfn);
}

bool iomrs_page_is_reserved(unsigned long pfn)
{
	return PageReserved(pfn_to_page(pfn));
}
