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
#include <linux/utsname.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "bench.h"
#include "threads.h"
#include "timing.h"

/* Returns how many interrupts of any kind this CPU has had. */
u64 iomrs_b_interrupts(void)
{
	return this_cpu_read(kstat.irqs_sum) + other_interrupts();
}

/* Returns how often the calling task has given up its CPU. */
u64 iomrs_b_switches(void)
{
	return current->nvcsw + current->nivcsw;
}

/* Returns how long the hypervisor kept @cpu from running. */
u64 iomrs_b_steal_ns(u32 cpu)
{
	return kcpustat_cpu(cpu).cpustat[CPUTIME_STEAL];
}

u32 iomrs_b_cpu(void)
{
	return raw_smp_processor_id();
}

/* Stores up to @room online CPUs in @ids, the last one first: CPU 0 has the most other work. Returns how many. */
u32 iomrs_b_cpus(u32 *ids, u32 room)
{
	u32 count = 0;
	int cpu;

	for (cpu = nr_cpu_ids - 1; cpu >= 0 && count < room; cpu--)
		if (cpu_online(cpu))
			ids[count++] = cpu;
	return count;
}

u32 iomrs_b_khz(void)
{
	return ticks_khz();
}

bool iomrs_b_clock_is_constant(void)
{
	return ticks_are_constant();
}

/* Stores the 12 letters that the hypervisor calls itself by in @name. Returns false where there is none. */
bool iomrs_b_hypervisor(char *name)
{
	return hypervisor_name(name);
}

const char *iomrs_b_kernel(void)
{
	return init_utsname()->release;
}

/* Returns whether C maps a range with small pages, however large it is. */
bool iomrs_b_only_small(u64 phys, unsigned long size)
{
	void __iomem *addr = ioremap_wc(phys, size);
	bool small = !addr || is_small_page((unsigned long)addr);

	if (addr)
		iounmap(addr);
	return small;
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

/* To be called in a loop that waits for another CPU. */
void iomrs_b_relax(void)
{
	cpu_relax();
	cond_resched();
}

static void nothing(struct work_struct *work)
{
}

/*
 * Does the work that unmapping has deferred, so that none of it runs in the next batch. Unmapping tens of megabytes
 * queues work, and queueing costs more while the worker sleeps than while it still works. So this waits until the
 * worker is done, and sleeps a little, in which the worker goes to sleep, too.
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
 * Runs @fn in a thread that stays on @cpu and has a higher priority than ordinary tasks: a worker that a batch wakes
 * has to wait until the thread sleeps, in iomrs_b_settle(). Returns NULL where there cannot be a thread.
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

/* Waits for the end of a thread. Returns -ERESTARTSYS where a signal comes before. */
int iomrs_b_thread_wait(void *data)
{
	struct thread *thread = data;
	int err = wait_for_completion_interruptible(&thread->done);

	/* iomrs_b_thread_join() waits once more. */
	if (!err)
		complete(&thread->done);
	return err;
}

void iomrs_b_thread_join(void *thread)
{
	thread_join(thread);
}
