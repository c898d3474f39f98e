// SPDX-License-Identifier: GPL-2.0
/*
 * The contexts in which a map may be had: interrupts of both kinds, threads on a CPU of choice, a timer that interrupts
 * them, and a CPU that goes off line meanwhile. See selftests.h.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
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

/* Calls @fn in a hard interrupt of this CPU, where the caller stays. */
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

/* Calls @fn in a soft interrupt of this CPU, where the caller stays. */
void iomrs_c_run_in_softirq(void (*fn)(void *arg), void *arg)
{
	struct bh_call call = { .fn = fn, .arg = arg };

	INIT_WORK_ONSTACK(&call.work, bh_call);
	queue_work_on(raw_smp_processor_id(), system_bh_wq, &call.work);
	flush_work(&call.work);
	destroy_work_on_stack(&call.work);
}

/* Runs @fn in a thread, on CPU @cpu where that is not negative. NULL where there cannot be one. */
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

struct tick {
	struct hrtimer timer;
	u64 ns;
	void (*fn)(void *arg);
	void *arg;
};

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	struct tick *tick = container_of(timer, struct tick, timer);

	tick->fn(tick->arg);
	hrtimer_forward_now(timer, ns_to_ktime(tick->ns));
	return HRTIMER_RESTART;
}

/* Makes the timer interrupt the CPU that it is called on. */
static void tick_here(void *data)
{
	struct tick *tick = data;

	hrtimer_start(&tick->timer, ns_to_ktime(tick->ns), HRTIMER_MODE_REL_PINNED_HARD);
}

/* Calls @fn in a hard interrupt of CPU @cpu every @ns nanoseconds. NULL where there is no memory for it. */
void *iomrs_c_timer_start(int cpu, u64 ns, void (*fn)(void *arg), void *arg)
{
	struct tick *new = kzalloc(sizeof(*new), GFP_KERNEL);

	if (!new)
		return NULL;
	new->ns = ns;
	new->fn = fn;
	new->arg = arg;
	hrtimer_setup(&new->timer, tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	smp_call_function_single(cpu, tick_here, new, true);
	return new;
}

void iomrs_c_timer_stop(void *data)
{
	struct tick *tick = data;

	hrtimer_cancel(&tick->timer);
	kfree(tick);
}

/* Takes CPU @cpu off line, or back. */
int iomrs_c_set_cpu_online(int cpu, bool online)
{
	return online ? add_cpu(cpu) : remove_cpu(cpu);
}

u32 iomrs_c_num_online_cpus(void)
{
	return num_online_cpus();
}

u32 iomrs_c_this_cpu(void)
{
	return raw_smp_processor_id();
}

/* Which of 0: task, 1: soft interrupt, 2: hard interrupt this is. */
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

/* Lets @task run on CPU @cpu only, on all where that is negative. Waits until it is there. */
int iomrs_c_move_task(void *task, int cpu)
{
	return set_cpus_allowed_ptr(task, cpu < 0 ? cpu_possible_mask : cpumask_of(cpu));
}

void iomrs_c_schedule(void)
{
	schedule();
}

/* Lets the running thread preempt all that have no deadline. */
void iomrs_c_sched_set_fifo(void)
{
	sched_set_fifo(current);
}

void iomrs_c_msleep(u32 ms)
{
	msleep(ms);
}

u64 iomrs_c_ktime_get_ns(void)
{
	return ktime_get_ns();
}
