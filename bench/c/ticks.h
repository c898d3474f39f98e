/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What timed loops are made of; ticks.rs has the same in Rust.
 */
#ifndef IOMRS_TICKS_H
#define IOMRS_TICKS_H

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
