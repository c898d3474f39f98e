/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmark has in C: C's side of each comparison, and what the kernel says of this machine. mod.rs declares
 * it for Rust.
 */
#ifndef IOMRS_BENCH_H
#define IOMRS_BENCH_H

#include <linux/types.h>

struct io_mapping;
struct pci_dev;

/* What a workload of C's works on, of which each uses a part. */
struct iomrs_b_work {
	u64 phys;			/* the range: of memory, or of ports */
	unsigned long size;
	struct pci_dev *pdev;		/* whose BAR it is, where that is not requested now */
	int bar;
	struct io_mapping *mapping;	/* maps @phys on */
	void __iomem *io;		/* as well, or the cookie of ports */
	const u64 *offsets;		/* one a round, the last one first */
	unsigned long count;
	u8 *data;			/* to copy from and to */
	const u8 *pattern;
	unsigned long bytes;		/* of a copy, or of a string */
};

/*
 * ranges.c: how long a call takes, and to @unmap how long the one that undoes it. Each returns 0 where it fails.
 */
u64 iomrs_b_nothing(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_ioremap(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_ioremap_uc(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_ioremap_wc(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_ioremap_wt(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_ioremap_cache(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_ioremap_many(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_create_wc(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_create_page(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_request(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_bar(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_bar_aperture(const struct iomrs_b_work *work, u64 *unmap);

/* maps.c: how long a loop of maps takes, 0 where it fails */
struct io_mapping *iomrs_b_aperture(u64 phys, unsigned long size);
void iomrs_b_aperture_free(struct io_mapping *mapping);
u64 iomrs_b_empty(const struct iomrs_b_work *work);
u64 iomrs_b_map(const struct iomrs_b_work *work);
u64 iomrs_b_map_local(const struct iomrs_b_work *work);
u64 iomrs_b_map_atomic(const struct iomrs_b_work *work);
u64 iomrs_b_map_const(const struct iomrs_b_work *work);
u64 iomrs_b_write_const(const struct iomrs_b_work *work);
u64 iomrs_b_read(const struct iomrs_b_work *work);
u64 iomrs_b_read_atomic(const struct iomrs_b_work *work);
u64 iomrs_b_nested(const struct iomrs_b_work *work);
u64 iomrs_b_verify(const struct iomrs_b_work *work);
u64 iomrs_b_page(const struct iomrs_b_work *work);
u64 iomrs_b_page_read(const struct iomrs_b_work *work);
u64 iomrs_b_page_nested(const struct iomrs_b_work *work);
u64 iomrs_b_page_verify(const struct iomrs_b_work *work);

/* accesses.c: how long a loop of accesses takes */
void __iomem *iomrs_b_cookie(unsigned long first, u32 count);
u64 iomrs_b_readl_const(const struct iomrs_b_work *work);
u64 iomrs_b_writel_const(const struct iomrs_b_work *work);
u64 iomrs_b_readl(const struct iomrs_b_work *work);
u64 iomrs_b_writel(const struct iomrs_b_work *work);
u64 iomrs_b_ioread32(const struct iomrs_b_work *work);
u64 iomrs_b_iowrite32(const struct iomrs_b_work *work);
u64 iomrs_b_copy_to(const struct iomrs_b_work *work);
u64 iomrs_b_copy_from(const struct iomrs_b_work *work);
u64 iomrs_b_read8_rep(const struct iomrs_b_work *work);
u64 iomrs_b_write8_rep(const struct iomrs_b_work *work);
u64 iomrs_b_read16_rep(const struct iomrs_b_work *work);
u64 iomrs_b_write16_rep(const struct iomrs_b_work *work);
u64 iomrs_b_read32_rep(const struct iomrs_b_work *work);
u64 iomrs_b_write32_rep(const struct iomrs_b_work *work);

/* machine.c: this machine, and what disturbs a measurement */
u64 iomrs_b_interrupts(void);
u64 iomrs_b_switches(void);
u64 iomrs_b_steal_ns(u32 cpu);
u32 iomrs_b_cpu(void);
u32 iomrs_b_cpus(u32 *ids, u32 room);
u32 iomrs_b_tsc_khz(void);
bool iomrs_b_tsc_is_constant(void);
bool iomrs_b_hypervisor(char *name);
const char *iomrs_b_kernel(void);
bool iomrs_b_only_small(u64 phys, unsigned long size);
unsigned long iomrs_b_irq_save(void);
void iomrs_b_irq_restore(unsigned long flags);
void iomrs_b_relax(void);
void iomrs_b_settle(void);
void *iomrs_b_thread_start(u32 cpu, void (*fn)(void *arg), void *arg);
int iomrs_b_thread_wait(void *thread);
void iomrs_b_thread_join(void *thread);

/* claim.c: the right to write all over a range */
void *iomrs_b_claim_bar(u32 domain, u32 bus, u32 devfn, u32 bar, u64 *phys, u64 *size, bool *ports, int *err);
void *iomrs_b_claim_range(u64 phys, u64 size, int *err);
struct pci_dev *iomrs_b_lend(void *claim, int *bar);
bool iomrs_b_is_held(void *data);
void iomrs_b_take_back(void *claim);
void iomrs_b_release(void *claim);

#endif
