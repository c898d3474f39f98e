// SPDX-License-Identifier: GPL-2.0
#include <asm/invpcid.h>

void iomrs_invpcid_flush_one(unsigned long pcid, unsigned long addr)
{
	invpcid_flush_one(pcid, addr);
}
