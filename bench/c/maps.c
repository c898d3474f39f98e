// SPDX-License-Identifier: GPL-2.0
/*
 * C's side of each comparison: maps of an aperture. See bench.h, and ours/maps.rs, which has the same loops in Rust.
 *
 * Inline assembly without instructions hides from the compiler what a value is, or uses it, so that neither side can
 * leave out work that the other one does.
 */
#include <linux/io-mapping.h>
#include <linux/string.h>

#include "bench.h"
#include "ticks.h"

struct io_mapping *iomrs_b_aperture(u64 phys, unsigned long size)
{
	return io_mapping_create_wc(phys, size);
}

void iomrs_b_aperture_free(struct io_mapping *mapping)
{
	io_mapping_free(mapping);
}

/* A loop that takes an offset from a table for each round; of @work it keeps in registers what it can. */
#define TIMED_LOOP(name, body)							\
u64 iomrs_b_##name(const struct iomrs_b_work *work)				\
{										\
	struct io_mapping *mapping = work->mapping;				\
	const u64 *offsets = work->offsets;					\
	unsigned long count = work->count;					\
	u64 start = ticks();							\
										\
	while (count) {								\
		u64 offset = offsets[--count];					\
										\
		HIDE(count);							\
		body								\
	}									\
	USE(mapping);								\
	return ticks() - start;							\
}

TIMED_LOOP(empty, {
	USE(offset);
})

TIMED_LOOP(map, {
	void __iomem *addr = io_mapping_map_wc(mapping, offset, PAGE_SIZE);

	USE(addr);
	io_mapping_unmap(addr);
})

TIMED_LOOP(map_local, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, offset);

	USE(addr);
	io_mapping_unmap_local(addr);
})

TIMED_LOOP(map_atomic, {
	void __iomem *addr = io_mapping_map_atomic_wc(mapping, offset);

	USE(addr);
	io_mapping_unmap_atomic(addr);
})

/* An offset that the compiler knows. */
TIMED_LOOP(map_const, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, PAGE_SIZE);

	USE(offset);
	USE(addr);
	io_mapping_unmap_local(addr);
})

/* The same with a store, for which nothing of the mapping can be kept in registers in C. */
TIMED_LOOP(write_const, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, PAGE_SIZE);

	USE(offset);
	writel(0, addr);
	io_mapping_unmap_local(addr);
})

TIMED_LOOP(read, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, offset);
	u32 value = readl(addr);

	USE(value);
	io_mapping_unmap_local(addr);
})

TIMED_LOOP(read_atomic, {
	void __iomem *addr = io_mapping_map_atomic_wc(mapping, offset);
	u32 value = readl(addr);

	USE(value);
	io_mapping_unmap_atomic(addr);
})

TIMED_LOOP(nested, {
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

TIMED_LOOP(verify, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, offset);
	bool holds = page_holds(addr, work);

	io_mapping_unmap_local(addr);
	if (!holds)
		return 0;
})

/* What a driver does for a page of a range that it does not keep mapped: an ioremap for each. */
TIMED_LOOP(page, {
	void __iomem *addr = ioremap_wc(work->phys + offset, PAGE_SIZE);

	if (!addr)
		return 0;
	iounmap(addr);
})

TIMED_LOOP(page_read, {
	void __iomem *addr = ioremap_wc(work->phys + offset, PAGE_SIZE);
	u32 value;

	if (!addr)
		return 0;
	value = readl(addr);
	USE(value);
	iounmap(addr);
})

TIMED_LOOP(page_nested, {
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

TIMED_LOOP(page_verify, {
	void __iomem *addr = ioremap_wc(work->phys + offset, PAGE_SIZE);
	bool holds;

	if (!addr)
		return 0;
	holds = page_holds(addr, work);
	iounmap(addr);
	if (!holds)
		return 0;
})
