// SPDX-License-Identifier: GPL-2.0
#include <linux/cpumask.h>
#include <linux/percpu.h>

/* Rust counts in these, by arch::percpu::increment(). */
DEFINE_PER_CPU(unsigned long [IOMRS_COUNTERS], iomrs_counters);

unsigned long iomrs_counter(unsigned int cpu, u32 which)
{
	return READ_ONCE(per_cpu(iomrs_counters, cpu)[which]);
}

bool iomrs_cpu_possible(unsigned int cpu)
{
	return cpu_possible(cpu);
}
