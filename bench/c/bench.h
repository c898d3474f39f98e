/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmark has in C: C's side of each comparison, the claim of a BAR, and what the kernel knows of this
 * machine. mod.rs declares it for Rust.
 */
#ifndef IOMRS_BENCH_H
#define IOMRS_BENCH_H

#include <linux/types.h>

struct io_mapping;
struct pci_dev;

/* What C's side works on. Each workload uses a part of it. */
struct iomrs_b_work {
	u64 phys;			/* the range of memory or ports */
	unsigned long size;
	struct pci_dev *pdev;		/* the range is its BAR @bar, which is not requested */
	int bar;
	struct io_mapping *mapping;	/* an aperture of the range */
	void __iomem *io;		/* the range mapped, or the cookie of its ports */
	const u64 *offsets;		/* one for each round */
	unsigned long count;
	u8 *data;			/* what is read goes here */
	const u8 *pattern;		/* what is written */
	unsigned long bytes;		/* that a round transfers */
};

/* What is mapped while something else is measured. */
struct iomrs_b_driver {
	struct io_mapping *(*aperture)(u64 phys, unsigned long size);
	void (*aperture_free)(struct io_mapping *mapping);
	void __iomem *(*map_page)(u64 phys);
	void (*unmap_page)(void __iomem *addr);
};

/*
 * ranges.c: each returns the ticks of a call that maps, 0 where it fails, and stores those of the call that unmaps in
 * @unmap.
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

/* maps.c: each loop returns its ticks, 0 where it fails */
extern const struct iomrs_b_driver iomrs_b_c_driver;
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
#ifdef CONFIG_HIGHMEM
u64 iomrs_b_kmap_read(const struct iomrs_b_work *work);
#endif
u64 iomrs_b_page_nested(const struct iomrs_b_work *work);
u64 iomrs_b_page_verify(const struct iomrs_b_work *work);

/* c_api.c: the same by the library's C API */
extern const struct iomrs_b_driver iomrs_b_c_api_driver;
u64 iomrs_b_c_api_ioremap_wc(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_c_api_create_wc(const struct iomrs_b_work *work, u64 *unmap);
u64 iomrs_b_c_api_map(const struct iomrs_b_work *work);
u64 iomrs_b_c_api_map_local(const struct iomrs_b_work *work);
u64 iomrs_b_c_api_map_atomic(const struct iomrs_b_work *work);

/* accesses.c: each loop returns its ticks */
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

/* machine.c: this machine, what disturbs a measurement on it, and threads */
u64 iomrs_b_interrupts(void);
u64 iomrs_b_switches(void);
u64 iomrs_b_steal_ns(u32 cpu);
u32 iomrs_b_cpu(void);
u32 iomrs_b_cpus(u32 *ids, u32 room);
u32 iomrs_b_khz(void);
bool iomrs_b_clock_is_constant(void);
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

/* claim.c: the right to overwrite a BAR */
void *iomrs_b_claim_bar(u32 domain, u32 bus, u32 devfn, u32 bar, u64 *phys, u64 *size, bool *ports, int *err);
bool iomrs_b_begin(void *claim);
bool iomrs_b_is_leaving(void *claim);
void iomrs_b_end(void *claim);
struct pci_dev *iomrs_b_lend(void *claim, int *bar);
void iomrs_b_take_back(void *claim);
void iomrs_b_release(void *claim);

#endif
