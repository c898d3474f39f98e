/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs by architecture. ../../arch/arm.rs has the clock in Rust.
 */
#ifndef IOMRS_ARCH_H
#define IOMRS_ARCH_H

#include <linux/types.h>
#include <asm/arch_timer.h>

/* The virtual counter, read after all that comes before and before all that comes after. */
static __always_inline u64 ticks(void)
{
	u64 ticks;

	asm volatile("isb; mrrc p15, 1, %Q0, %R0, c14; isb" : "=r" (ticks) : : "memory");
	return ticks;
}

/* How many ticks a millisecond has. */
static inline u32 ticks_khz(void)
{
	return arch_timer_get_cntfrq() / 1000;
}

/* The counter does not depend on the CPU's frequency. */
static inline bool ticks_are_constant(void)
{
	return true;
}

/* The kernel counts all of them with those of devices. */
static inline u64 other_interrupts(void)
{
	return 0;
}

/* No register tells whether there is one. */
static inline bool hypervisor_name(char *name)
{
	return false;
}

/* Returns whether a small page is mapped there. A kernel for several CPUs has no others for devices. */
static inline bool is_small_page(unsigned long addr)
{
	return IS_ENABLED(CONFIG_SMP);
}

#endif
