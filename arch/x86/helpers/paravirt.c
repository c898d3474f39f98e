// SPDX-License-Identifier: GPL-2.0
#include <asm/paravirt.h>

/* Without CONFIG_PARAVIRT_XXL there is no hypervisor to call. */
void iomrs_flush_tlb_global(void)
{
#ifdef CONFIG_PARAVIRT_XXL
	__flush_tlb_global();
#endif
}
