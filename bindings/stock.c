// SPDX-License-Identifier: GPL-2.0
/*
 * Shims for an unmodified kernel, by what it exports to every module. See shims.h.
 */
#include <linux/cc_platform.h>
#include <asm/memtype.h>
#include <asm/x86_init.h>

#include "shims.h"

IOMRS_CANARY(vmap_pfn, void *, unsigned long *, unsigned int, pgprot_t);
IOMRS_CANARY(arch_io_reserve_memtype_wc, int, resource_size_t, resource_size_t);
IOMRS_CANARY(arch_io_free_memtype_wc, void, resource_size_t, resource_size_t);
IOMRS_CANARY(region_intersects, int, resource_size_t, size_t, unsigned long, unsigned long);

static int res_is_encrypted(struct resource *res, void *arg)
{
	return res->desc != IORES_DESC_NONE && res->desc != IORES_DESC_RESERVED;
}

static bool is_encrypted(u64 start, u64 size)
{
	u64 last = start + size - 1;

	return walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM, start, last, NULL, res_is_encrypted) == 1 ||
	       x86_platform.hyper.is_private_mmio(start) || x86_platform.hyper.is_private_mmio(last);
}

u32 iomrs_range_flags(u64 start, u64 size)
{
	u32 flags = 0;
	enum iomrs_within bar = __iomrs_within(start, size, IORESOURCE_SIZEALIGN);

	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) && is_encrypted(start, size))
		flags |= IOMRS_RANGE_ENCRYPTED;
	if (bar == IOMRS_INSIDE)
		return flags;
	if (region_intersects(start, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) != REGION_DISJOINT)
		flags |= IOMRS_RANGE_RAM;
	if (bar == IOMRS_LEAVES || __iomrs_within(start, size, 0) == IOMRS_LEAVES)
		flags |= IOMRS_RANGE_SPANS;
	return flags;
}

/*
 * Only write combining can be reserved here, and the registry's answer is not told: the mapping has the mode that was
 * asked for. Our callers refuse a range that spans resources, of which the kernel would warn.
 */
int iomrs_memtype_reserve(u64 start, u64 end, u32 requested, u32 *achieved)
{
	*achieved = requested;
	if (requested != _PAGE_CACHE_MODE_WC)
		return 0;
	return arch_io_reserve_memtype_wc(start, end - start);
}

void iomrs_memtype_free(u64 start, u64 end, u32 requested)
{
	if (requested == _PAGE_CACHE_MODE_WC)
		arch_io_free_memtype_wc(start, end - start);
}

void *iomrs_vmap_pfn(unsigned long *pfns, unsigned int count, u64 prot)
{
	return vmap_pfn(pfns, count, __pgprot(prot));
}

/* Does any page have a struct page? vmap_pfn() refuses it, with a warning. */
bool iomrs_has_memmap(u64 start, u64 size)
{
	unsigned long stop = PFN_UP(start + size);

	return iomrs_next_valid_pfn(PFN_DOWN(start), stop) < stop;
}
