/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What arm.h and arm64.h have in common: a machine whose clock is Arm's generic timer.
 */
#ifndef IOMRS_GENERIC_TIMER_H
#define IOMRS_GENERIC_TIMER_H

#include <linux/types.h>
#include <asm/arch_timer.h>

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

#endif
