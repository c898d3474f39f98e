// SPDX-License-Identifier: GPL-2.0
#include <asm/msr.h>

int iomrs_rdmsr_safe(u32 msr, u64 *value)
{
	return rdmsrq_safe(msr, value);
}
