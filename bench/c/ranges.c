// SPDX-License-Identifier: GPL-2.0
/*
 * C's side of each comparison: calls that map a range or a BAR, each with the one that undoes it. See bench.h, and
 * ours/ranges.rs, which has the same in Rust.
 */
#include <linux/io-mapping.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "bench.h"
#include "ticks.h"

#define NAME "io-mapping-bench"

/*
 * Times @map, which gives a @type, and then @undo, where that is not NULL. What they work on is in registers, or in
 * variables, before.
 */
#define PAIR(name, type, map, undo)						\
u64 iomrs_b_##name(const struct iomrs_b_work *work, u64 *unmap)			\
{										\
	u64 phys = work->phys;							\
	unsigned long size = work->size;					\
	u64 start = ticks(), mapped;						\
	type result = map;							\
										\
	mapped = ticks();							\
	if (!result)								\
		return 0;							\
	undo(result);								\
	*unmap = ticks() - mapped;						\
	return mapped - start;							\
}

PAIR(ioremap, void __iomem *, ioremap(phys, size), iounmap)
PAIR(ioremap_uc, void __iomem *, ioremap_uc(phys, size), iounmap)
PAIR(ioremap_wc, void __iomem *, ioremap_wc(phys, size), iounmap)
PAIR(ioremap_wt, void __iomem *, ioremap_wt(phys, size), iounmap)
PAIR(ioremap_cache, void __iomem *, ioremap_cache(phys, size), iounmap)
PAIR(create_wc, struct io_mapping *, io_mapping_create_wc(phys, size), io_mapping_free)
/* Of no more than the first page. */
PAIR(create_page, struct io_mapping *, io_mapping_create_wc(phys, min(size, PAGE_SIZE)), io_mapping_free)

/* What reading the ticks costs by itself. */
u64 iomrs_b_nothing(const struct iomrs_b_work *work, u64 *unmap)
{
	u64 start = ticks(), mapped = ticks();

	*unmap = ticks() - mapped;
	return mapped - start;
}

/* A mapping of its own for each offset, all there at once, as a driver of many devices has them. */
u64 iomrs_b_ioremap_many(const struct iomrs_b_work *work, u64 *unmap)
{
	void __iomem **addrs = kcalloc(work->count, sizeof(*addrs), GFP_KERNEL);
	unsigned long made, i;
	u64 start, mapped;

	if (!addrs)
		return 0;
	start = ticks();
	for (made = 0; made < work->count; made++) {
		addrs[made] = ioremap(work->phys + work->offsets[made], PAGE_SIZE);
		if (!addrs[made])
			break;
	}
	mapped = ticks();
	for (i = 0; i < made; i++)
		iounmap(addrs[i]);
	*unmap = ticks() - mapped;
	kfree(addrs);
	return made == work->count ? mapped - start : 0;
}

/* The region request alone. */
u64 iomrs_b_request(const struct iomrs_b_work *work, u64 *unmap)
{
	struct pci_dev *pdev = work->pdev;
	int bar = work->bar;
	u64 start = ticks(), mapped;

	if (pci_request_region(pdev, bar, NAME))
		return 0;
	mapped = ticks();
	pci_release_region(pdev, bar);
	*unmap = ticks() - mapped;
	return mapped - start;
}

/* What a driver does with a BAR: the region and the mapping, then both undone. */
u64 iomrs_b_bar(const struct iomrs_b_work *work, u64 *unmap)
{
	struct pci_dev *pdev = work->pdev;
	unsigned long size = work->size;
	int bar = work->bar;
	u64 start = ticks(), mapped;
	void __iomem *addr;

	if (pci_request_region(pdev, bar, NAME))
		return 0;
	addr = pci_iomap(pdev, bar, size);
	mapped = ticks();
	if (addr)
		pci_iounmap(pdev, addr);
	pci_release_region(pdev, bar);
	*unmap = ticks() - mapped;
	return addr ? mapped - start : 0;
}

/* The region and an aperture of all of it, then both undone. */
u64 iomrs_b_bar_aperture(const struct iomrs_b_work *work, u64 *unmap)
{
	struct pci_dev *pdev = work->pdev;
	int bar = work->bar;
	u64 start = ticks(), mapped;
	struct io_mapping *mapping;

	if (pci_request_region(pdev, bar, NAME))
		return 0;
	mapping = io_mapping_create_wc(pci_resource_start(pdev, bar), pci_resource_len(pdev, bar));
	mapped = ticks();
	if (mapping)
		io_mapping_free(mapping);
	pci_release_region(pdev, bar);
	*unmap = ticks() - mapped;
	return mapping ? mapped - start : 0;
}
