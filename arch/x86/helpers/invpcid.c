// SPDX-License-Identifier: GPL-2.0
#include <asm/invpcid.h>

void iomrs_invpcid_flush_all(void)
{
	invpcid_flush_all();
}
