// SPDX-License-Identifier: GPL-2.0
#include <asm/io.h>
#include <asm/rsi.h>

bool iomrs_is_protected_mmio(u64 phys, unsigned long size)
{
	return arm64_is_protected_mmio(phys, size);
}

bool iomrs_is_realm_world(void)
{
	return is_realm_world();
}
