// SPDX-License-Identifier: GPL-2.0
/*
 * This machine, what disturbs a measurement on it, and threads that stay on a CPU. See bench.h.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/kernel_stat.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <asm/cpufeature.h>
#include <asm/cpuid/api.h>
#include <asm/hardirq.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/tsc.h>

#include "bench.h"
#include "threads.h"

/* Interrupts of any kind that this CPU has had. */
u64 iomrs_b_interrupts(void)
{
	u64 sum = this_cpu_read(kstat.irqs_sum);
	int i;

	for (i = 0; i < IRQ_COUNT_MAX; i++)
		sum += this_cpu_read(irq_stat.counts[i]);
	return sum;
}

/* How often the calling task has had to give up its CPU. */
u64 iomrs_b_switches(void)
{
	return current->nvcsw + current->nivcsw;
}

/* What the hypervisor has taken from @cpu. */
u64 iomrs_b_steal_ns(u32 cpu)
{
	return kcpustat_cpu(cpu).cpustat[CPUTIME_STEAL];
}

u32 iomrs_b_cpu(void)
{
	return raw_smp_processor_id();
}

/* Up to @room CPUs that are on line, the last one first: the first one has the most of other work. Returns how many. */
u32 iomrs_b_cpus(u32 *ids, u32 room)
{
	u32 count = 0;
	int cpu;

	for (cpu = nr_cpu_ids - 1; cpu >= 0 && count < room; cpu--)
		if (cpu_online(cpu))
			ids[count++] = cpu;
	return count;
}

u32 iomrs_b_tsc_khz(void)
{
	return tsc_khz;
}

bool iomrs_b_tsc_is_constant(void)
{
	return boot_cpu_has(X86_FEATURE_CONSTANT_TSC);
}

/* The 12 letters that a hypervisor goes by; false where there is none. */
bool iomrs_b_hypervisor(char *name)
{
	u32 eax, letters[3];

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return false;
	cpuid(0x40000000, &eax, &letters[0], &letters[1], &letters[2]);
	memcpy(name, letters, sizeof(letters));
	return true;
}

const char *iomrs_b_kernel(void)
{
	return init_utsname()->release;
}

/* Whether C maps with small pages here, even where a range is large. */
bool iomrs_b_only_small(u64 phys, unsigned long size)
{
	void __iomem *addr = ioremap_wc(phys, size);
	unsigned int level = PG_LEVEL_4K;

	if (addr)
		lookup_address((unsigned long)addr, &level);
	iounmap(addr);
	return level == PG_LEVEL_4K;
}

unsigned long iomrs_b_irq_save(void)
{
	unsigned long flags;

	local_irq_save(flags);
	return flags;
}

void iomrs_b_irq_restore(unsigned long flags)
{
	local_irq_restore(flags);
}

/* A breath while waiting for another CPU. */
void iomrs_b_relax(void)
{
	cpu_relax();
	cond_resched();
}

static void nothing(struct work_struct *work)
{
}

/*
 * Does what unmapping has put off, and lets others of this CPU do what is waiting: what a batch leaves behind is not to
 * fall into the next one. Unmapping of tens of megabytes queues work, which costs more where the worker sleeps than
 * where it is still at work: it does that work, and then goes to sleep.
 */
void iomrs_b_settle(void)
{
	struct work_struct last;

	vm_unmap_aliases();
	INIT_WORK_ONSTACK(&last, nothing);
	schedule_work_on(raw_smp_processor_id(), &last);
	flush_work(&last);
	destroy_work_on_stack(&last);
	usleep_range(10, 20);
}

/*
 * Runs @fn in a thread that stays on @cpu, before all ordinary tasks: a work queue that a batch wakes has to wait until
 * the thread sleeps, in iomrs_b_settle(). NULL where there cannot be a thread.
 */
void *iomrs_b_thread_start(u32 cpu, void (*fn)(void *arg), void *arg)
{
	struct thread *thread = thread_new("iomrs-bench", fn, arg);

	if (!thread)
		return NULL;
	kthread_bind(thread->task, cpu);
	sched_set_fifo_low(thread->task);
	thread_run(thread);
	return thread;
}

/* Waits for the end of a thread. -ERESTARTSYS where a signal comes before. */
int iomrs_b_thread_wait(void *data)
{
	struct thread *thread = data;
	int err = wait_for_completion_interruptible(&thread->done);

	/* For iomrs_b_thread_join(), which waits once more. */
	if (!err)
		complete(&thread->done);
	return err;
}

void iomrs_b_thread_join(void *thread)
{
	thread_join(thread);
}
