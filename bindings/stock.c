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
IOMRS_CANARY(walk_iomem_res_desc, int, unsigned long, unsigned long, u64, u64, void *,
	     int (*)(struct resource *, void *));

struct span {
	u64 first, last;
	bool inside, leaves;
};

/*
 * @res is clipped to the range that is asked for: where that took nothing away but parts of a page, it lies inside.
 * A busy resource is a driver's claim, which may cover as little as it likes.
 */
static int look_at_res(struct resource *res, void *arg)
{
	struct span *span = arg;

	span->inside = PFN_DOWN(res->start) <= PFN_DOWN(span->first) && PFN_DOWN(res->end) >= PFN_DOWN(span->last);
	span->leaves = !span->inside && !(res->flags & IORESOURCE_BUSY);
	return span->inside || span->leaves;
}

static struct span look_at(u64 start, u64 size, unsigned long flags)
{
	struct span span = { .first = start & PAGE_MASK, .last = (start + size - 1) | ~PAGE_MASK };

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM | flags, span.first, span.last, &span, look_at_res);
	return span;
}

/*
 * Does the range leave a resource that it overlaps? A walk tells of the outermost resource that matches: of a BAR
 * (whose size is its alignment), and for a range outside of any of a bus window. What is nested in a BAR is not seen.
 */
static bool spans_resources(u64 start, u64 size)
{
	struct span bar = look_at(start, size, IORESOURCE_SIZEALIGN);

	return bar.leaves || (!bar.inside && look_at(start, size, 0).leaves);
}

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

u32 iomrs_range_flags(u64 start, u64 size, bool requested)
{
	u32 flags = 0;

	if (requested && !cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT))
		return 0;
	if (iomrs_has_ram(start, size))
		flags |= IOMRS_RANGE_RAM;
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) && is_encrypted(start, size))
		flags |= IOMRS_RANGE_ENCRYPTED;
	if (spans_resources(start, size))
		flags |= IOMRS_RANGE_SPANS;
	return flags;
}

/*
 * Only write combining can be reserved here, and the registry's answer is not told: the mapping has the mode that was
 * asked for. Our callers refuse a range that is seen to span resources, of which the kernel would warn.
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
