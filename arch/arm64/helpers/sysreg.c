// SPDX-License-Identifier: GPL-2.0
#include <asm/sysreg.h>

u64 iomrs_ttbr1(void)
{
	return read_sysreg(ttbr1_el1);
}
