/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs by architecture. ../../arch/x86.rs has the clock in Rust.
 */
#ifndef IOMRS_ARCH_H
#define IOMRS_ARCH_H

#include <linux/string.h>
#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/cpuid/api.h>
#include <asm/hardirq.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/tsc.h>

/* The time-stamp counter, read after all that comes before and before all that comes after. */
static __always_inline u64 ticks(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

/* How many ticks a millisecond has. */
static inline u32 ticks_khz(void)
{
	return tsc_khz;
}

static inline bool ticks_are_constant(void)
{
	return boot_cpu_has(X86_FEATURE_CONSTANT_TSC);
}

/* Interrupts of this CPU that the kernel counts apart from those of devices. */
static inline u64 other_interrupts(void)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < IRQ_COUNT_MAX; i++)
		sum += this_cpu_read(irq_stat.counts[i]);
	return sum;
}

/* Stores the 12 letters that the hypervisor calls itself by in @name. Returns false where there is none. */
static inline bool hypervisor_name(char *name)
{
	u32 eax, letters[3];

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return false;
	cpuid(0x40000000, &eax, &letters[0], &letters[1], &letters[2]);
	memcpy(name, letters, sizeof(letters));
	return true;
}

/* Returns whether a small page is mapped there. */
static inline bool is_small_page(unsigned long addr)
{
	unsigned int level = PG_LEVEL_4K;

	lookup_address(addr, &level);
	return level == PG_LEVEL_4K;
}

#endif
