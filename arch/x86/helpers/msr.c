// SPDX-License-Identifier: GPL-2.0
#include <asm/msr.h>

u64 iomrs_rdmsr(u32 msr)
{
	u64 value;

	rdmsrq(msr, value);
	return value;
}
