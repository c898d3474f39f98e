// SPDX-License-Identifier: GPL-2.0
/*
 * The contexts in which pages are mapped: interrupts of both kinds, threads on a CPU of choice, a timer that interrupts
 * them, and a CPU that goes offline meanwhile. See selftests.h.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include "selftests.h"
#include "../../../bench/c/threads.h"

struct irq_call {
	struct irq_work work;
	void (*fn)(void *arg);
	void *arg;
};

static void irq_call(struct irq_work *work)
{
	struct irq_call *call = container_of(work, struct irq_call, work);

	call->fn(call->arg);
}

/* Calls @fn in a hard interrupt of this CPU, which the caller does not leave. */
void iomrs_c_run_in_hardirq(void (*fn)(void *arg), void *arg)
{
	struct irq_call call = { .work = IRQ_WORK_INIT_HARD(irq_call), .fn = fn, .arg = arg };

	irq_work_queue(&call.work);
	irq_work_sync(&call.work);
}

struct bh_call {
	struct work_struct work;
	void (*fn)(void *arg);
	void *arg;
};

static void bh_call(struct work_struct *work)
{
	struct bh_call *call = container_of(work, struct bh_call, work);

	call->fn(call->arg);
}

/* Calls @fn in a soft interrupt of this CPU, which the caller does not leave. */
void iomrs_c_run_in_softirq(void (*fn)(void *arg), void *arg)
{
	struct bh_call call = { .fn = fn, .arg = arg };

	INIT_WORK_ONSTACK(&call.work, bh_call);
	queue_work_on(raw_smp_processor_id(), system_bh_wq, &call.work);
	flush_work(&call.work);
	destroy_work_on_stack(&call.work);
}

/* Calls @fn with soft interrupts off. */
void iomrs_c_run_with_bh_disabled(void (*fn)(void *arg), void *arg)
{
	local_bh_disable();
	fn(arg);
	local_bh_enable();
}

/* Runs @fn in a thread, on CPU @cpu where that is not negative. Returns NULL where no thread can be made. */
void *iomrs_c_thread_start(int cpu, void (*fn)(void *arg), void *arg)
{
	struct thread *thread = thread_new("iomrs-test", fn, arg);

	if (!thread)
		return NULL;
	if (cpu >= 0)
		kthread_bind(thread->task, cpu);
	thread_run(thread);
	return thread;
}

/* Waits for the end of a thread. */
void iomrs_c_thread_join(void *thread)
{
	thread_join(thread);
}

struct test_timer {
	struct hrtimer hrtimer;
	u64 ns;
	void (*fn)(void *arg);
	void *arg;
};

static enum hrtimer_restart test_timer_expired(struct hrtimer *hrtimer)
{
	struct test_timer *timer = container_of(hrtimer, struct test_timer, hrtimer);

	timer->fn(timer->arg);
	hrtimer_forward_now(hrtimer, ns_to_ktime(timer->ns));
	return HRTIMER_RESTART;
}

/* Starts the timer on the CPU that this is called on. */
static void test_timer_start_here(void *data)
{
	struct test_timer *timer = data;

	hrtimer_start(&timer->hrtimer, ns_to_ktime(timer->ns), HRTIMER_MODE_REL_PINNED_HARD);
}

/*
 * Calls @fn in a hard interrupt of CPU @cpu every @ns nanoseconds, or of another where that is offline. Returns NULL
 * where memory is lacking.
 */
void *iomrs_c_timer_start(int cpu, u64 ns, void (*fn)(void *arg), void *arg)
{
	struct test_timer *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return NULL;
	timer->ns = ns;
	timer->fn = fn;
	timer->arg = arg;
	hrtimer_setup(&timer->hrtimer, test_timer_expired, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	if (smp_call_function_single(cpu, test_timer_start_here, timer, true))
		test_timer_start_here(timer);
	return timer;
}

void iomrs_c_timer_stop(void *data)
{
	struct test_timer *timer = data;

	hrtimer_cancel(&timer->hrtimer);
	kfree(timer);
}

/* Takes CPU @cpu offline, or back online. */
int iomrs_c_set_cpu_online(int cpu, bool online)
{
#ifdef CONFIG_HOTPLUG_CPU
	return online ? add_cpu(cpu) : remove_cpu(cpu);
#else
	return -EOPNOTSUPP;
#endif
}

u32 iomrs_c_num_online_cpus(void)
{
	return num_online_cpus();
}

u32 iomrs_c_this_cpu(void)
{
	return raw_smp_processor_id();
}

/* Returns the context of the caller: 0 is a task, 1 a soft interrupt, 2 a hard interrupt. */
u32 iomrs_c_current_context(void)
{
	return in_hardirq() ? 2 : in_serving_softirq() ? 1 : 0;
}

u32 iomrs_c_migration_disabled(void)
{
	return current->migration_disabled;
}

void *iomrs_c_current(void)
{
	return current;
}

/* Lets @task run on CPU @cpu only, or on all where that is negative. Waits until @task runs on an allowed one. */
int iomrs_c_move_task(void *task, int cpu)
{
	return set_cpus_allowed_ptr(task, cpu < 0 ? cpu_possible_mask : cpumask_of(cpu));
}

void iomrs_c_schedule(void)
{
	schedule();
}

/* Makes the running thread a real-time one, which preempts all that have no deadline. */
void iomrs_c_sched_set_fifo(void)
{
	sched_set_fifo(current);
}

void iomrs_c_msleep(u32 ms)
{
	msleep(ms);
}

u32 iomrs_c_preempt_count(void)
{
	return preempt_count();
}

u32 iomrs_c_pagefault_disabled(void)
{
	return current->pagefault_disabled;
}
