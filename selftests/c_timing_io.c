// SPDX-License-Identifier: GPL-2.0
/*
 * C's half of the comparison of speed: accessors of memory and ports. See c_side.h, and loops_io.rs, which has the same
 * loops in Rust.
 */
#include <linux/io.h>

#include "c_side.h"
#include "../bench/ticks.h"

/* A round for each offset, the last one first. */
#define IO_LOOP(name, body)						\
u64 iomrs_c_time_##name(const struct iomrs_c_io *work)			\
{									\
	void __iomem *io = (void __iomem *)work->io;			\
	unsigned long count = work->rounds, len = work->len;		\
	const u64 *offsets = work->offsets;				\
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
	USE(len);							\
	return ticks() - start;						\
}

IO_LOOP(io_empty, { USE(offset); })

/* An offset that the compiler knows. */
IO_LOOP(readl_const, { USE(offset); USE(readl(io + 0x10)); })
IO_LOOP(writel_const, { USE(offset); writel((u32)len, io + 0x10); })

IO_LOOP(readl, { USE(readl(io + offset)); })
IO_LOOP(writel, { writel((u32)len, io + offset); })

IO_LOOP(ioread32, { USE(ioread32(io + offset)); })
IO_LOOP(iowrite32, { iowrite32((u32)len, io + offset); })

IO_LOOP(memcpy_fromio, { memcpy_fromio(data, io + offset, len); })
IO_LOOP(memcpy_toio, { memcpy_toio(io + offset, data, len); })

/* From and to one register, as drivers of a FIFO do. */
IO_LOOP(ioread8_rep, { USE(offset); ioread8_rep(io, data, len); })
IO_LOOP(iowrite8_rep, { USE(offset); iowrite8_rep(io, data, len); })
IO_LOOP(ioread16_rep, { USE(offset); ioread16_rep(io, data, len); })
IO_LOOP(iowrite16_rep, { USE(offset); iowrite16_rep(io, data, len); })
IO_LOOP(ioread32_rep, { USE(offset); ioread32_rep(io, data, len); })
IO_LOOP(iowrite32_rep, { USE(offset); iowrite32_rep(io, data, len); })
