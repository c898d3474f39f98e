// SPDX-License-Identifier: GPL-2.0
#include <linux/pgtable.h>

bool iomrs_has_pud_blocks(void)
{
	return pud_sect_supported();
}

u64 iomrs_phys_mask(void)
{
	return PHYS_MASK;
}

u64 iomrs_pgprot_decrypted(u64 prot)
{
	return pgprot_val(pgprot_decrypted(__pgprot(prot)));
}

u64 iomrs_pgprot_device(u64 prot)
{
	return pgprot_val(pgprot_device(__pgprot(prot)));
}

u64 iomrs_pgprot_noncached(u64 prot)
{
	return pgprot_val(pgprot_noncached(__pgprot(prot)));
}

u64 iomrs_pgprot_writecombine(u64 prot)
{
	return pgprot_val(pgprot_writecombine(__pgprot(prot)));
}

u64 iomrs_prot_normal(void)
{
	return PROT_NORMAL;
}
