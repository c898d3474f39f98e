// SPDX-License-Identifier: GPL-2.0
/*
 * C's side of each comparison: accesses of memory and ports. See bench.h, and ours/accesses.rs, which has the same loops
 * in Rust.
 */
#include <linux/io.h>

#include "bench.h"
#include "ticks.h"

/* C's number for ports, 0 where it has none. There is nothing to undo. */
void __iomem *iomrs_b_cookie(unsigned long first, u32 count)
{
	return ioport_map(first, count);
}

/* A round for each offset, the last one first. What is written is the beginning of the pattern. */
#define ACCESS_LOOP(name, body)						\
u64 iomrs_b_##name(const struct iomrs_b_work *work)			\
{									\
	void __iomem *io = work->io;					\
	unsigned long count = work->count, bytes = work->bytes;		\
	u32 value = *(const u32 *)work->pattern;			\
	const u64 *offsets = work->offsets;				\
	const void *pattern = work->pattern;				\
	void *data = work->data;					\
	u64 start = ticks();						\
									\
	while (count) {							\
		u64 offset = offsets[--count];				\
									\
		HIDE(count);						\
		body							\
	}								\
	USE(io);							\
	USE(data);							\
	USE(pattern);							\
	USE(bytes);							\
	USE(value);							\
	return ticks() - start;						\
}

/* An offset that the compiler knows. */
ACCESS_LOOP(readl_const, { USE(offset); USE(readl(io + 0x10)); })
ACCESS_LOOP(writel_const, { USE(offset); writel(value, io + 0x10); })

ACCESS_LOOP(readl, { USE(readl(io + offset)); })
ACCESS_LOOP(writel, { writel(value, io + offset); })

/* Memory or ports. */
ACCESS_LOOP(ioread32, { USE(ioread32(io + offset)); })
ACCESS_LOOP(iowrite32, { iowrite32(value, io + offset); })

ACCESS_LOOP(copy_from, { memcpy_fromio(data, io + offset, bytes); })
ACCESS_LOOP(copy_to, { memcpy_toio(io + offset, pattern, bytes); })

/* From and to one register, as drivers of a FIFO do. */
ACCESS_LOOP(read8_rep, { USE(offset); ioread8_rep(io, data, bytes); })
ACCESS_LOOP(write8_rep, { USE(offset); iowrite8_rep(io, pattern, bytes); })
ACCESS_LOOP(read16_rep, { USE(offset); ioread16_rep(io, data, bytes / 2); })
ACCESS_LOOP(write16_rep, { USE(offset); iowrite16_rep(io, pattern, bytes / 2); })
ACCESS_LOOP(read32_rep, { USE(offset); ioread32_rep(io, data, bytes / 4); })
ACCESS_LOOP(write32_rep, { USE(offset); iowrite32_rep(io, pattern, bytes / 4); })
