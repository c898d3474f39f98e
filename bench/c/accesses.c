// SPDX-License-Identifier: GPL-2.0
/*
 * C's side: loops that access memory and ports. See bench.h. ours/accesses.rs has ours.
 */
#include <linux/io.h>

#include "bench.h"
#include "timing.h"

/* Returns what ioread32() and the like take for ports, NULL where they cannot. Nothing has to be undone. */
void __iomem *iomrs_b_cookie(unsigned long first, u32 count)
{
	return ioport_map(first, count);
}

/* The beginning of the pattern is what single accesses write. */
#define ACCESS_LOOP(name, body)						\
	TIMED_LOOP(name,						\
		   void __iomem *io = work->io;				\
		   unsigned long bytes = work->bytes;			\
		   u32 value = *(const u32 *)work->pattern;		\
		   const void *pattern = work->pattern;			\
		   void *data = work->data;,				\
		   body,						\
		   USE(io); USE(data); USE(pattern); USE(bytes); USE(value);)

/* The compiler knows the offset. */
ACCESS_LOOP(readl_const, { USE(offset); USE(readl(io + 0x10)); })
ACCESS_LOOP(writel_const, { USE(offset); writel(value, io + 0x10); })

ACCESS_LOOP(readl, { USE(readl(io + offset)); })
ACCESS_LOOP(writel, { writel(value, io + offset); })

/* Memory or ports: which of them it is, is known at run time only. */
ACCESS_LOOP(ioread32, { USE(ioread32(io + offset)); })
ACCESS_LOOP(iowrite32, { iowrite32(value, io + offset); })

ACCESS_LOOP(copy_from, { memcpy_fromio(data, io + offset, bytes); })
ACCESS_LOOP(copy_to, { memcpy_toio(io + offset, pattern, bytes); })

/* Strings of values at one register, as drivers of a FIFO read and write them. */
ACCESS_LOOP(read8_rep, { USE(offset); ioread8_rep(io, data, bytes); })
ACCESS_LOOP(write8_rep, { USE(offset); iowrite8_rep(io, pattern, bytes); })
ACCESS_LOOP(read16_rep, { USE(offset); ioread16_rep(io, data, bytes / 2); })
ACCESS_LOOP(write16_rep, { USE(offset); iowrite16_rep(io, pattern, bytes / 2); })
ACCESS_LOOP(read32_rep, { USE(offset); ioread32_rep(io, data, bytes / 4); })
ACCESS_LOOP(write32_rep, { USE(offset); iowrite32_rep(io, pattern, bytes / 4); })
