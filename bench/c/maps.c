// SPDX-License-Identifier: GPL-2.0
/*
 * C's side: loops that map pages of an aperture. See bench.h. ours/maps.rs has ours.
 */
#include <linux/highmem.h>
#include <linux/io-mapping.h>
#include <linux/string.h>

#include "bench.h"
#include "timing.h"

DRIVER(c_driver);

/* Our side takes what fits into an address, too: the loop that is taken off must not be longer than the others. */
MAP_LOOP(empty, {
	unsigned long in_address = offset;

	USE(in_address);
})

MAP_LOOP(map, {
	void __iomem *addr = io_mapping_map_wc(mapping, offset, PAGE_SIZE);

	USE(addr);
	io_mapping_unmap(addr);
})

MAP_LOOP(map_local, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, offset);

	USE(addr);
	io_mapping_unmap_local(addr);
})

MAP_LOOP(map_atomic, {
	void __iomem *addr = io_mapping_map_atomic_wc(mapping, offset);

	USE(addr);
	io_mapping_unmap_atomic(addr);
})

/* The compiler knows the offset. */
MAP_LOOP(map_const, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, PAGE_SIZE);

	USE(offset);
	USE(addr);
	io_mapping_unmap_local(addr);
})

/* The same with a store, after which the compiler has to read the mapping again. */
MAP_LOOP(write_const, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, PAGE_SIZE);

	USE(offset);
	writel(0, addr);
	io_mapping_unmap_local(addr);
})

MAP_LOOP(read, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, offset);
	u32 value = readl(addr);

	USE(value);
	io_mapping_unmap_local(addr);
})

MAP_LOOP(read_atomic, {
	void __iomem *addr = io_mapping_map_atomic_wc(mapping, offset);
	u32 value = readl(addr);

	USE(value);
	io_mapping_unmap_atomic(addr);
})

MAP_LOOP(nested, {
	void __iomem *first = io_mapping_map_local_wc(mapping, offset);
	void __iomem *second = io_mapping_map_local_wc(mapping, offset ^ 0x1000);
	void __iomem *third = io_mapping_map_local_wc(mapping, offset ^ 0x2000);
	void __iomem *fourth = io_mapping_map_local_wc(mapping, offset ^ 0x3000);

	USE(first);
	USE(second);
	USE(third);
	USE(fourth);
	io_mapping_unmap_local(fourth);
	io_mapping_unmap_local(third);
	io_mapping_unmap_local(second);
	io_mapping_unmap_local(first);
})

/* Fills a page, reads it back and compares. */
static bool page_holds(void __iomem *addr, const struct iomrs_b_work *work)
{
	memcpy_toio(addr, work->pattern, PAGE_SIZE);
	memcpy_fromio(work->data, addr, PAGE_SIZE);
	return !memcmp(work->data, work->pattern, PAGE_SIZE);
}

MAP_LOOP(verify, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, offset);
	bool holds = page_holds(addr, work);

	io_mapping_unmap_local(addr);
	if (!holds)
		return 0;
})

/* A driver that does not keep the range mapped has to ioremap each page. */
MAP_LOOP(page, {
	void __iomem *addr = ioremap_wc(work->phys + offset, PAGE_SIZE);

	if (!addr)
		return 0;
	iounmap(addr);
})

MAP_LOOP(page_read, {
	void __iomem *addr = ioremap_wc(work->phys + offset, PAGE_SIZE);
	u32 value;

	if (!addr)
		return 0;
	value = readl(addr);
	USE(value);
	iounmap(addr);
})

#ifdef CONFIG_HIGHMEM
/* What io_mapping_map_local_wc() does where it has HIGHMEM, as on 32-bit x86. On ARM it is an ioremap. */
MAP_LOOP(kmap_read, {
	u64 phys = work->phys + offset;
	void *addr = __kmap_local_pfn_prot(PHYS_PFN(phys), pgprot_writecombine(PAGE_KERNEL));
	u32 value = readl((void __iomem *)addr);

	USE(value);
	kunmap_local(addr);
})
#endif

MAP_LOOP(page_nested, {
	void __iomem *addrs[4];
	int i;

	for (i = 0; i < 4; i++) {
		addrs[i] = ioremap_wc(work->phys + (offset ^ i << PAGE_SHIFT), PAGE_SIZE);
		if (!addrs[i])
			break;
	}
	if (i < 4)
		start = 0;
	while (i)
		iounmap(addrs[--i]);
	if (!start)
		return 0;
})

MAP_LOOP(page_verify, {
	void __iomem *addr = ioremap_wc(work->phys + offset, PAGE_SIZE);
	bool holds;

	if (!addr)
		return 0;
	holds = page_holds(addr, work);
	iounmap(addr);
	if (!holds)
		return 0;
})
