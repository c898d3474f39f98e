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
#else
#include "arch/arm64.h"
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
		HIDE(count);					\
		body						\
	}							\
	uses							\
	return ticks() - start;					\
}

#endif
