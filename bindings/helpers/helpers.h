/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C that Rust cannot call by itself: static inlines and macros of the kernel's headers, behind functions whose names
 * begin with iomrs_. Each is one statement: what decides something is written in Rust. bindings/mod.rs declares the
 * same functions for Rust, and tools/bindings.py compares the two.
 */
#ifndef IOMRS_HELPERS_H
#define IOMRS_HELPERS_H

#include <linux/highmem.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

/* Fails to build when the kernel changes the prototype of a function that Rust declares and calls by itself. */
#define IOMRS_CANARY(fn, ret, ...) \
	static_assert(__same_type(&fn, (ret (*)(__VA_ARGS__))NULL), "the prototype of " #fn " has changed")

/* How many events are counted: see tracking/counters.rs. */
#define IOMRS_COUNTERS		25

/* bug.c */
void iomrs_warn(void);

/* cpumask.c */
unsigned int iomrs_num_online_cpus(void);

struct device;

/* device.c */
void iomrs_device_lock(struct device *dev);
void iomrs_device_unlock(struct device *dev);

/* efi.c */
bool iomrs_efi_has_memory_map(void);
int iomrs_efi_mem_desc_lookup(u64 phys, void *desc);

/* highmem.c */
unsigned long iomrs_kmap_local_pfn_prot(unsigned long pfn, u64 prot);
void iomrs_kunmap_local_indexed(const void *addr);

/* io.c */
void iomrs_insb(u8 *data, const u8 *none, unsigned long port, unsigned long count);
void iomrs_insw(u16 *data, const u16 *none, unsigned long port, unsigned long count);
void iomrs_insl(u32 *data, const u32 *none, unsigned long port, unsigned long count);
void __iomem *iomrs_ioport_map(unsigned long port, u32 count);
void iomrs_outsb(u8 *none, const u8 *data, unsigned long port, unsigned long count);
void iomrs_outsw(u16 *none, const u16 *data, unsigned long port, unsigned long count);
void iomrs_outsl(u32 *none, const u32 *data, unsigned long port, unsigned long count);

/* irqflags.c */
unsigned long iomrs_local_irq_save(void);
void iomrs_local_irq_restore(unsigned long flags);

/* jump_label.c */
DECLARE_STATIC_KEY_FALSE(iomrs_sparse_apertures);
void iomrs_sparse_apertures_enable(void);

/* kallsyms.c */
int iomrs_symbol(char *text, size_t size, unsigned long addr);

/* kernel.c */
void iomrs_might_sleep(void);

/* mm.c */
unsigned long iomrs_totalram_pages(void);

/* mmzone.c */
bool iomrs_pfn_valid(unsigned long pfn);
bool iomrs_page_is_reserved(unsigned long pfn);

/* module.c */
bool iomrs_within_module(unsigned long addr, const void *module);
bool iomrs_within_library(unsigned long addr);
void iomrs_module_get(void);
void iomrs_module_put(void);

/* percpu.c */
DECLARE_PER_CPU(unsigned long[IOMRS_COUNTERS], iomrs_counters);
unsigned long iomrs_counter(unsigned int cpu, u32 which);
bool iomrs_cpu_possible(unsigned int cpu);

/* preempt.c */
void iomrs_preempt(void);
void iomrs_preempt_disable(void);
void iomrs_preempt_enable(void);
void iomrs_pagefault_disable(void);
void iomrs_pagefault_enable(void);
bool iomrs_preemptible(void);
bool iomrs_in_interrupt(void);

/* smp.c */
void iomrs_on_each_cpu(smp_call_func_t fn, void *arg);

/* sched.c */
void iomrs_cond_resched(void);
bool iomrs_fatal_signal_pending(void);

/* sched_mm.c */
void iomrs_might_alloc(void);
void iomrs_fs_reclaim_acquire(void);
void iomrs_fs_reclaim_release(void);

/* spinlock.c */
extern spinlock_t iomrs_space_lock, iomrs_cache_modes_lock, iomrs_clean_lock, iomrs_owners_lock;
void iomrs_spin_lock(spinlock_t *lock);
void iomrs_spin_unlock(spinlock_t *lock);
bool iomrs_spin_trylock(spinlock_t *lock);

/* stacktrace.c */
unsigned int iomrs_stack_trace(unsigned long *addrs, unsigned int room);

/* vmalloc.c */
unsigned long iomrs_vmalloc_total(void);
struct vm_struct *iomrs_get_vm_area(unsigned long size, u64 phys, unsigned long *addr);
void *iomrs_vmap(struct page **pages, unsigned int count, u64 prot);

/* workqueue.c */
void iomrs_init_deferrable_work(struct delayed_work *work, work_func_t fn);

#endif
