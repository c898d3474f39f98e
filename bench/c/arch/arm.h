/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs by architecture. ../../arch/arm.rs has the clock in Rust.
 */
#ifndef IOMRS_ARCH_H
#define IOMRS_ARCH_H

#include <linux/types.h>

#include "generic_timer.h"

/* The virtual counter, read after all that comes before and before all that comes after. */
static __always_inline u64 ticks(void)
{
	u64 ticks;

	asm volatile("isb; mrrc p15, 1, %Q0, %R0, c14; isb" : "=r" (ticks) : : "memory");
	return ticks;
}

/* Returns whether a small page is mapped there. A kernel for several CPUs has no others for devices. */
static inline bool is_small_page(unsigned long addr)
{
	return IS_ENABLED(CONFIG_SMP);
}

#endif
