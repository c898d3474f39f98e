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
IOMRS_CANARY(walk_iomem_res_desc, int, unsigned long, unsigned long, u64, u64, void *,
	     int (*)(struct resource *, void *));

struct span {
	u64 first, last;
	bool leaves;
};

/*
 * @res is clipped to the range that is asked for: where that took nothing away but parts of a page, it lies inside.
 * A busy resource is a driver's claim, which may cover as little as it likes.
 */
static int res_holds_span(struct resource *res, void *arg)
{
	struct span *span = arg;

	if (!(res->flags & IORESOURCE_BUSY) &&
	    (PFN_DOWN(res->start) > PFN_DOWN(span->first) || PFN_DOWN(res->end) < PFN_DOWN(span->last)))
		span->leaves = true;
	return span->leaves;
}

static int res_is_encrypted(struct resource *res, void *arg)
{
	return res->desc != IORES_DESC_NONE && res->desc != IORES_DESC_RESERVED;
}

/*
 * The walk stops at the outermost resource that matches: once for anything (a bus window), once for what only a BAR
 * is (its size is its alignment).
 */
static bool spans_resources(u64 start, u64 size)
{
	struct span span = { .first = start, .last = start + size - 1 };

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM, span.first, span.last, &span, res_holds_span);
	if (!span.leaves)
		walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM | IORESOURCE_SIZEALIGN, span.first, span.last,
				    &span, res_holds_span);
	return span.leaves;
}

u32 iomrs_range_flags(u64 start, u64 size, bool spans)
{
	u32 flags = 0;

	if (region_intersects(start, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) != REGION_DISJOINT)
		flags |= IOMRS_RANGE_RAM;
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) &&
	    (walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM, start, start + size - 1, NULL, res_is_encrypted) == 1 ||
	     x86_platform.hyper.is_private_mmio(start) ||
	     x86_platform.hyper.is_private_mmio(start + size - 1)))
		flags |= IOMRS_RANGE_ENCRYPTED;
	if (spans && spans_resources(start, size))
		flags |= IOMRS_RANGE_SPANS;
	return flags;
}

/*
 * Only write combining can be reserved here, and the registry's answer is not told: the mapping has the mode that was
 * asked for.
 */
int iomrs_memtype_reserve(u64 start, u64 end, u32 requested, u32 *achieved)
{
	*achieved = requested;
	if (requested != _PAGE_CACHE_MODE_WC)
		return 0;
	/* It would warn before it reserves. */
	if (spans_resources(start, end - start))
		return -EINVAL;
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
