/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How C's side is timed. timing.rs has the same in Rust.
 */
#ifndef IOMRS_TIMING_H
#define IOMRS_TIMING_H

#include <linux/types.h>

#include "bench.h"
#ifdef CONFIG_X86_64
#include "arch/x86.h"
#elif defined(CONFIG_ARM64)
#include "arch/arm64.h"
#else
#include "arch/arm.h"
#endif

/*
 * Neither is an instruction. HIDE makes the compiler forget what a value is, USE counts as a use of it, so that neither
 * side can leave out work that the other one does.
 */
#define HIDE(value) asm volatile("" : "+r" (value))
#define USE(value) asm volatile("" : : "r" (value))

/*
 * Defines a function that runs @body once for each offset, the last one first, and returns the ticks of all rounds.
 * @variables declares what @body works on, which is kept in registers where it can be; @uses names it after the loop.
 */
#define TIMED_LOOP(name, variables, body, uses)			\
u64 iomrs_b_##name(const struct iomrs_b_work *work)		\
{								\
	variables						\
	const u64 *offsets = work->offsets;			\
	unsigned long count = work->count;			\
	u64 start = ticks();					\
								\
	while (count) {						\
		u64 offset = offsets[--count];			\
								\
		body						\
		HIDE(count);					\
	}							\
	uses							\
	return ticks() - start;					\
}

/* The same, of an aperture. */
#define MAP_LOOP(name, body)						\
	TIMED_LOOP(name, struct io_mapping *mapping = work->mapping;, body, USE(mapping);)

/* Defines a function that times @map, which returns a @type that is not NULL, and then @undo of it. */
#define TIMED_CALLS(name, type, map, undo)					\
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

/* Defines what is mapped while something else is measured. */
#define DRIVER(name)							\
static struct io_mapping *aperture(u64 phys, unsigned long size)	\
{									\
	return io_mapping_create_wc(phys, size);			\
}									\
									\
static void aperture_free(struct io_mapping *mapping)			\
{									\
	io_mapping_free(mapping);					\
}									\
									\
static void __iomem *map_page(u64 phys)					\
{									\
	return ioremap(phys, PAGE_SIZE);				\
}									\
									\
static void unmap_page(void __iomem *addr)				\
{									\
	iounmap(addr);							\
}									\
									\
const struct iomrs_b_driver iomrs_b_##name = {				\
	.aperture = aperture,						\
	.aperture_free = aperture_free,					\
	.map_page = map_page,						\
	.unmap_page = unmap_page,					\
}

#endif
