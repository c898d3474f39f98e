/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that Rust waits for. The selftests use them, too.
 */
#ifndef IOMRS_THREADS_H
#define IOMRS_THREADS_H

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

struct thread {
	struct task_struct *task;
	struct completion done;
	void (*fn)(void *arg);
	void *arg;
};

static int thread_body(void *data)
{
	struct thread *thread = data;

	thread->fn(thread->arg);
	complete(&thread->done);
	return 0;
}

/* Makes a thread for @fn that does not run yet, so that its CPU and its priority can be set. NULL where it cannot. */
static inline struct thread *thread_new(const char *name, void (*fn)(void *arg), void *arg)
{
	struct thread *thread = kzalloc(sizeof(*thread), GFP_KERNEL);

	if (!thread)
		return NULL;
	init_completion(&thread->done);
	thread->fn = fn;
	thread->arg = arg;
	thread->task = kthread_create(thread_body, thread, "%s", name);
	if (IS_ERR(thread->task)) {
		kfree(thread);
		return NULL;
	}
	return thread;
}

static inline void thread_run(struct thread *thread)
{
	get_task_struct(thread->task);
	wake_up_process(thread->task);
}

/* Waits for the end of a thread. */
static inline void thread_join(struct thread *thread)
{
	wait_for_completion(&thread->done);
	kthread_stop_put(thread->task);
	kfree(thread);
}

#endif
