// SPDX-License-Identifier: GPL-2.0
#include <linux/vmalloc.h>

IOMRS_CANARY(vunmap, void, const void *);

unsigned long iomrs_vmalloc_total(void)
{
	return VMALLOC_TOTAL;
}

#ifdef IOMRS_EXPORTED
IOMRS_CANARY(free_vm_area, void, struct vm_struct *);

/* struct vm_struct is opaque to Rust, and so is the address that a function returns to, which vmallocinfo names. */
struct vm_struct *iomrs_get_vm_area(unsigned long size, u64 phys, unsigned long *addr)
{
	struct vm_struct *area = get_vm_area_caller(size, VM_IOREMAP, __builtin_return_address(0));

	if (area) {
		area->phys_addr = phys;
		*addr = (unsigned long)area->addr;
	}
	return area;
}
#endif

void *iomrs_vmap(struct page **pages, unsigned int count, u64 prot)
{
	return vmap(pages, count, VM_IOREMAP, __pgprot(prot));
}
