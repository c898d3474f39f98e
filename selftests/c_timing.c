// SPDX-License-Identifier: GPL-2.0
/*
 * C's half of the comparison of speed. See c_side.h, and timing.rs, which has the same loops in Rust.
 *
 * Each function returns the ticks that its loop or pair of calls took. Inline assembly without instructions hides from
 * the compiler what a value is, or uses it, so that neither side can leave out work that the other one does.
 */
#include <linux/io-mapping.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/string.h>

#include "c_side.h"
#include "../bench/ticks.h"

static char *timing = "";
module_param(timing, charp, 0444);
MODULE_PARM_DESC(timing, "strict: fail where we are slower than we may be (only sound where a tick is an instruction)");

bool iomrs_c_timing_is_strict(void)
{
	return !strcmp(timing, "strict");
}

unsigned long iomrs_c_irq_save(void)
{
	unsigned long flags;

	local_irq_save(flags);
	return flags;
}

void iomrs_c_irq_restore(unsigned long flags)
{
	local_irq_restore(flags);
}

/* What reading the ticks costs by itself. */
u64 iomrs_c_time_nothing(void)
{
	u64 start = ticks();

	return ticks() - start;
}

/* ioremap_wc() and iounmap(); 0 where it fails. */
u64 iomrs_c_time_ioremap_wc(u64 phys, unsigned long size, u64 *unmap)
{
	u64 start = ticks(), mapped;
	void __iomem *addr = ioremap_wc(phys, size);

	mapped = ticks();
	if (!addr)
		return 0;
	iounmap(addr);
	*unmap = ticks() - mapped;
	return mapped - start;
}

/* What a driver does with a BAR: the region and the mapping, in turn; 0 where it fails. */
u64 iomrs_c_time_bar(struct pci_dev *pdev, u32 bar, u64 *unmap)
{
	u64 start = ticks(), mapped;
	void __iomem *addr = NULL;

	if (pci_request_region(pdev, bar, "iomrs-c"))
		return 0;
	addr = pci_iomap(pdev, bar, 0);
	mapped = ticks();
	if (addr)
		pci_iounmap(pdev, addr);
	pci_release_region(pdev, bar);
	*unmap = ticks() - mapped;
	return addr ? mapped - start : 0;
}

/* io_mapping_create_wc() and io_mapping_free(); 0 where it fails. */
u64 iomrs_c_time_create_wc(u64 phys, unsigned long size, u64 *unmap)
{
	u64 start = ticks(), mapped;
	struct io_mapping *mapping = io_mapping_create_wc(phys, size);

	mapped = ticks();
	if (!mapping)
		return 0;
	io_mapping_free(mapping);
	*unmap = ticks() - mapped;
	return mapped - start;
}

/* A loop that takes an offset from a table for each round: with nothing done to it, and with a map and unmap. */
#define TIMED_LOOP(name, body)									\
u64 iomrs_c_time_##name(struct io_mapping *mapping, const u64 *offsets, unsigned long count)	\
{												\
	u64 start = ticks();									\
												\
	while (count) {										\
		u64 offset = offsets[--count];							\
												\
		HIDE(count);									\
		body										\
	}											\
	return ticks() - start;									\
}

TIMED_LOOP(empty, {
	USE(offset);
})

TIMED_LOOP(map_wc, {
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

/* A page by a mapping of its own, with a read: what C has for a page of an aperture too large to map. */
TIMED_LOOP(ioremap_read, {
	void __iomem *addr = ioremap_wc(mapping->base + offset, PAGE_SIZE);
	u32 value;

	if (!addr)
		return 0;
	value = readl(addr);
	USE(value);
	iounmap(addr);
})
