// SPDX-License-Identifier: GPL-2.0
#include <asm/cpufeature.h>

u32 iomrs_phys_bits(void)
{
	return id_aa64mmfr0_parange_to_phys_shift(read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1) & 0xf);
}
