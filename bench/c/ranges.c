// SPDX-License-Identifier: GPL-2.0
/*
 * C's side: calls that map ranges, apertures and BARs, and what unmaps them. See bench.h. ours/ranges.rs has ours.
 */
#include <linux/io-mapping.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "bench.h"
#include "timing.h"

#define NAME "io-mapping-bench"

TIMED_CALLS(ioremap, void __iomem *, ioremap(phys, size), iounmap)
TIMED_CALLS(ioremap_uc, void __iomem *, ioremap_uc(phys, size), iounmap)
TIMED_CALLS(ioremap_wc, void __iomem *, ioremap_wc(phys, size), iounmap)
TIMED_CALLS(ioremap_wt, void __iomem *, ioremap_wt(phys, size), iounmap)
TIMED_CALLS(ioremap_cache, void __iomem *, ioremap_cache(phys, size), iounmap)
TIMED_CALLS(create_wc, struct io_mapping *, io_mapping_create_wc(phys, size), io_mapping_free)
/* Of the first page only. */
TIMED_CALLS(create_page, struct io_mapping *, io_mapping_create_wc(phys, min(size, PAGE_SIZE)), io_mapping_free)

/* Returns the ticks that reading the clock takes. */
u64 iomrs_b_nothing(const struct iomrs_b_work *work, u64 *unmap)
{
	u64 start = ticks(), mapped = ticks();

	*unmap = ticks() - mapped;
	return mapped - start;
}

/* Maps a page for each offset, then unmaps all of them. */
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

/* Requests a BAR, then releases it. */
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

/* Requests a BAR and maps it, as drivers do; then undoes both. */
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

/* Requests a BAR and creates an aperture of all of it; then undoes both. */
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
