// SPDX-License-Identifier: GPL-2.0
#include <linux/mem_encrypt.h>
#include <linux/pgtable.h>

bool iomrs_is_new_memtype_allowed(u64 start, unsigned long size, u32 requested, u32 achieved)
{
	return is_new_memtype_allowed(start, size, requested, achieved);
}

u64 iomrs_page_kernel_io(void)
{
	return pgprot_val(PAGE_KERNEL_IO);
}

u64 iomrs_page_offset(void)
{
	return PAGE_OFFSET;
}

u64 iomrs_pgprot_decrypted(u64 prot)
{
	return pgprot_val(pgprot_decrypted(__pgprot(prot)));
}

u64 iomrs_phys_mask(void)
{
	return __PHYSICAL_MASK;
}

u64 iomrs_pte_template(u64 prot)
{
	return pte_val(pfn_pte(0, __pgprot(prot)));
}

void iomrs_set_pte(u64 *entry, u64 phys, u64 prot)
{
	set_pte((pte_t *)entry, pfn_pte(phys >> PAGE_SHIFT, __pgprot(prot)));
}

u64 iomrs_sme_set(u64 prot)
{
	return __sme_set(prot);
}
