/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the loops of c_timing.c and c_timing_io.c have in common; loops.rs has the same in Rust.
 */
#ifndef IOMRS_C_TIMING_H
#define IOMRS_C_TIMING_H

#include <linux/types.h>

/* No instructions: the first hides from the compiler what a value is, the second uses it. */
#define HIDE(value) asm volatile("" : "+r" (value))
#define USE(value) asm volatile("" : : "r" (value))

static __always_inline u64 ticks(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

#endif
