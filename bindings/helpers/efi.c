// SPDX-License-Identifier: GPL-2.0
#include <linux/efi.h>

static_assert(offsetof(efi_memory_desc_t, type) == 0);
static_assert(offsetof(efi_memory_desc_t, attribute) == 32);
static_assert(sizeof(efi_memory_desc_t) == 40);

bool iomrs_efi_has_memory_map(void)
{
	return efi_enabled(EFI_MEMMAP) || efi_enabled(EFI_PARAVIRT);
}

int iomrs_efi_mem_desc_lookup(u64 phys, void *desc)
{
	return efi_mem_desc_lookup(phys, desc);
}
