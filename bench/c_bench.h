/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmark has in C: C's side of each comparison, and what the kernel says of this machine. c.rs declares it
 * for Rust.
 */
#ifndef IOMRS_BENCH_H
#define IOMRS_BENCH_H

#include <linux/types.h>

struct io_mapping;

/* c_loops.c: how long C takes */
u64 iomrs_b_nothing(void);
u64 iomrs_b_ioremap_wc(u64 phys, unsigned long size, u64 *unmap);
u64 iomrs_b_create_wc(u64 phys, unsigned long size, u64 *unmap);
struct io_mapping *iomrs_b_aperture(u64 phys, unsigned long size);
void iomrs_b_aperture_free(struct io_mapping *mapping);

/* What a loop works on. */
struct iomrs_b_loop {
	struct io_mapping *mapping;	/* maps @phys on, where the loop needs it */
	u64 phys;
	const u64 *offsets;		/* one a round, the last one first */
	unsigned long count;
	u8 *data;			/* to copy from and to */
	const u8 *pattern;
	unsigned long bytes;		/* in a copy */
};

u64 iomrs_b_empty(const struct iomrs_b_loop *loop);
u64 iomrs_b_map(const struct iomrs_b_loop *loop);
u64 iomrs_b_map_local(const struct iomrs_b_loop *loop);
u64 iomrs_b_map_atomic(const struct iomrs_b_loop *loop);
u64 iomrs_b_map_const(const struct iomrs_b_loop *loop);
u64 iomrs_b_write_const(const struct iomrs_b_loop *loop);
u64 iomrs_b_read(const struct iomrs_b_loop *loop);
u64 iomrs_b_read_atomic(const struct iomrs_b_loop *loop);
u64 iomrs_b_nested(const struct iomrs_b_loop *loop);
u64 iomrs_b_verify(const struct iomrs_b_loop *loop);
u64 iomrs_b_copy_to(const struct iomrs_b_loop *loop);
u64 iomrs_b_copy_from(const struct iomrs_b_loop *loop);
u64 iomrs_b_page(const struct iomrs_b_loop *loop);
u64 iomrs_b_page_read(const struct iomrs_b_loop *loop);
u64 iomrs_b_page_nested(const struct iomrs_b_loop *loop);
u64 iomrs_b_page_verify(const struct iomrs_b_loop *loop);

/* c_machine.c: this machine, and what disturbs a measurement */
u64 iomrs_b_interrupts(void);
u64 iomrs_b_switches(void);
u64 iomrs_b_steal_ns(u32 cpu);
u32 iomrs_b_cpu(void);
u32 iomrs_b_cpus(u32 *ids, u32 room);
u32 iomrs_b_tsc_khz(void);
bool iomrs_b_tsc_is_constant(void);
bool iomrs_b_hypervisor(char *name);
const char *iomrs_b_kernel(void);
unsigned long iomrs_b_irq_save(void);
void iomrs_b_irq_restore(unsigned long flags);
void iomrs_b_relax(void);
void iomrs_b_settle(void);
void *iomrs_b_thread_start(u32 cpu, void (*fn)(void *arg), void *arg);
int iomrs_b_thread_wait(void *thread);
void iomrs_b_thread_join(void *thread);

/* c_claim.c: the right to write all over a range */
void *iomrs_b_claim_bar(u32 domain, u32 bus, u32 devfn, u32 bar, u64 *phys, u64 *size, int *err);
void *iomrs_b_claim_range(u64 phys, u64 size, int *err);
void iomrs_b_release(void *claim);

#endif
