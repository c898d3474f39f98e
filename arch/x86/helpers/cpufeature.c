// SPDX-License-Identifier: GPL-2.0
#include <asm/cpufeature.h>
#include <asm/processor.h>

bool iomrs_boot_cpu_has(u32 feature)
{
	return test_cpu_cap(&boot_cpu_data, feature);
}
