/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests call in C: C's ioremap, io_mapping and accessors, with which the library is compared, and what the
 * kernel reports of mappings. mod.rs declares the same for Rust.
 */
#ifndef IOMRS_SELFTESTS_H
#define IOMRS_SELFTESTS_H

#include <linux/pci.h>
#include <linux/types.h>

struct file;
struct io_mapping;
struct platform_device;

/* accessors.c: C's accessors of memory and ports */
u64 iomrs_c_ioread(unsigned long addr, u32 access);
void iomrs_c_iowrite(unsigned long addr, u32 access, u64 value);
void iomrs_c_ioread_rep(unsigned long addr, u32 width, void *data, unsigned long count);
void iomrs_c_iowrite_rep(unsigned long addr, u32 width, const void *data, unsigned long count);
void iomrs_c_memcpy_fromio(void *data, unsigned long addr, unsigned long len);
void iomrs_c_memcpy_toio(unsigned long addr, const void *data, unsigned long len);
void iomrs_c_memset_io(unsigned long addr, u8 byte, unsigned long len);
unsigned long iomrs_c_ioport_map(unsigned long port, u32 count);
u8 iomrs_c_inb(u16 port);
bool iomrs_c_request_region(u64 first, u64 count);
void iomrs_c_release_region(u64 first, u64 count);

/* contexts.c: interrupts, threads, timers, CPUs */
void iomrs_c_run_in_hardirq(void (*fn)(void *arg), void *arg);
void iomrs_c_run_in_softirq(void (*fn)(void *arg), void *arg);
void iomrs_c_run_with_bh_disabled(void (*fn)(void *arg), void *arg);
void *iomrs_c_thread_start(int cpu, void (*fn)(void *arg), void *arg);
void iomrs_c_thread_join(void *thread);
void *iomrs_c_timer_start(int cpu, u64 ns, void (*fn)(void *arg), void *arg);
void iomrs_c_timer_stop(void *tick);
int iomrs_c_set_cpu_online(int cpu, bool online);
u32 iomrs_c_num_online_cpus(void);
u32 iomrs_c_this_cpu(void);
u32 iomrs_c_current_context(void);
u32 iomrs_c_preempt_count(void);
u32 iomrs_c_pagefault_disabled(void);
u32 iomrs_c_migration_disabled(void);
void *iomrs_c_current(void);
int iomrs_c_move_task(void *task, int cpu);
void iomrs_c_schedule(void);
void iomrs_c_sched_set_fifo(void);
void iomrs_c_msleep(u32 ms);

/* driver.c: a C driver that runs on the library, driver_check.c: with IOMRS_CHECK, driver_plain.c: C */
struct iomrs_c_driver {
	unsigned long (*ioremap)(u64 phys, unsigned long size, u32 mode);
	unsigned long (*ioremap_prot)(u64 phys, unsigned long size, unsigned long prot);
	void (*iounmap)(unsigned long addr);
	struct io_mapping *(*create_wc)(u64 base, unsigned long size);
	void (*free)(struct io_mapping *mapping);
	struct io_mapping *(*zeroed)(void);
	void (*kfree)(struct io_mapping *mapping);
	bool (*init_wc)(struct io_mapping *mapping, u64 base, unsigned long size);
	void (*fini)(struct io_mapping *mapping);
	unsigned long (*map_wc)(struct io_mapping *mapping, unsigned long offset, unsigned long size);
	void (*unmap)(unsigned long addr);
	unsigned long (*map_local)(struct io_mapping *mapping, unsigned long offset);
	void (*unmap_local)(unsigned long addr);
	unsigned long (*map_atomic)(struct io_mapping *mapping, unsigned long offset);
	void (*unmap_atomic)(unsigned long addr);
	unsigned long (*pci_iomap)(struct pci_dev *pdev, int bar, unsigned long offset, unsigned long max, bool wc);
	unsigned long (*pci_ioremap_bar)(struct pci_dev *pdev, int bar, bool wc);
	void (*pci_iounmap)(struct pci_dev *pdev, unsigned long addr);
	unsigned long (*pcim_iomap)(struct pci_dev *pdev, int bar, unsigned long max);
	unsigned long (*pcim_iomap_range)(struct pci_dev *pdev, int bar, unsigned long offset, unsigned long len);
	void (*pcim_iounmap)(struct pci_dev *pdev, unsigned long addr);
	unsigned long (*pcim_iomap_region)(struct pci_dev *pdev, int bar);
	void (*pcim_iounmap_region)(struct pci_dev *pdev, int bar);
	int (*pcim_iomap_regions)(struct pci_dev *pdev, int mask);
	unsigned long (*pcim_table)(struct pci_dev *pdev, int bar);
	unsigned long (*devm_ioremap)(struct pci_dev *pdev, u64 phys, unsigned long size);
	unsigned long (*devm_ioremap_resource)(struct pci_dev *pdev, int bar, unsigned long flags);
	void (*devm_iounmap)(struct pci_dev *pdev, unsigned long addr);
	struct platform_device *(*platform_device)(u64 phys, unsigned long size);
	/* @how: 0 maps by the index, 1 by the name, 2 by the index, and wants the resource, too. */
	unsigned long (*devm_platform)(struct platform_device *pdev, u32 how);
	void (*platform_put)(struct platform_device *pdev);
};

extern const struct iomrs_c_driver iomrs_c_driver;
extern const struct iomrs_c_driver iomrs_c_checked_driver;
extern const struct iomrs_c_driver iomrs_c_plain_driver;

/* fault_injection.c: allocations that fail */
int iomrs_c_fault_injection_begin(void);
void iomrs_c_fault_injection_end(void);
void iomrs_c_fail_nth(u32 n);
void iomrs_c_fail_from(u32 n);
u32 iomrs_c_fail_countdown(void);

/* files.c: the kernel's own files, read from within the kernel */
struct file *iomrs_c_open_file(const char *path);
long iomrs_c_read_file(const char *path, char *buf, size_t size);

/* kunit.c: KUnit and the kernel's log */
void iomrs_c_note(const char *text);
void iomrs_c_skip(const char *reason);
u64 iomrs_c_log_position(void);
u32 iomrs_c_count_complaints(u64 position);
u32 iomrs_c_count_lines(u64 position, const char *text);
void *iomrs_c_suppress_warnings(void);
u32 iomrs_c_end_suppress_warnings(void *suppression);

/* machine.c: the machine and its memory */
u64 iomrs_c_phys_limit(void);
u64 iomrs_c_ram_page(void);
unsigned long iomrs_c_vmalloc_total(void);
unsigned long iomrs_c_free_pages(void);
bool iomrs_c_pat_enabled(void);
u32 iomrs_c_largest_page_shift(void);
unsigned long iomrs_c_alloc_reserved_page(u64 *phys);
void iomrs_c_free_reserved_page(unsigned long addr);
bool iomrs_c_guest_is_encrypted(void);

/* mappings.c: mappings and apertures made by C */
unsigned long iomrs_c_ioremap(u64 phys, unsigned long size, u32 mode);
unsigned long iomrs_c_ioremap_read_only(u64 phys, unsigned long size);
unsigned long iomrs_c_ioremap_encrypted(u64 phys, unsigned long size);
void iomrs_c_iounmap(unsigned long addr);
u32 iomrs_c_io_mapping_mode(struct io_mapping *mapping);
struct io_mapping *iomrs_c_io_mapping_create_wc(u64 base, unsigned long size);
void iomrs_c_io_mapping_free(struct io_mapping *mapping);
unsigned long iomrs_c_io_mapping_map_wc(struct io_mapping *mapping, unsigned long offset, unsigned long size);
unsigned long iomrs_c_io_mapping_map_local_wc(struct io_mapping *mapping, unsigned long offset);
void iomrs_c_io_mapping_unmap_local(unsigned long addr);
unsigned long iomrs_c_io_mapping_map_atomic_wc(struct io_mapping *mapping, unsigned long offset);
void iomrs_c_io_mapping_unmap_atomic(unsigned long addr);
u32 iomrs_c_readl(unsigned long addr);
void iomrs_c_writel(unsigned long addr, u32 value);

/* page_table.c: the kernel's page table */
u64 iomrs_c_lookup_entry(unsigned long addr, u32 *shift);
u64 iomrs_c_gap(unsigned long addr);
bool iomrs_c_populate_entry(unsigned long addr, u64 phys);
void iomrs_c_clear_entry(unsigned long addr);
unsigned long iomrs_c_page_table_pages(void);
void iomrs_c_vm_unmap_aliases(void);

/* pci.c: the devices that the tests use, and their BARs */
int iomrs_c_pci_register(void);
void iomrs_c_pci_unregister(void);
struct pci_dev *iomrs_c_pci_get(u32 vendor, u32 device);
void iomrs_c_pci_put(struct pci_dev *pdev);
u64 iomrs_c_pci_bar(struct pci_dev *pdev, u32 bar, u64 *size);
int iomrs_c_pci_set_bound(struct pci_dev *pdev, bool bind);
unsigned long iomrs_c_pci_iomap(struct pci_dev *pdev, int bar, unsigned long offset, unsigned long maxlen, bool wc);
void iomrs_c_pci_iounmap(struct pci_dev *pdev, unsigned long addr);
void iomrs_c_pci_set_decode(struct pci_dev *pdev, bool decode);
int iomrs_c_pci_set_msix(struct pci_dev *pdev, bool on);
u64 iomrs_c_pci_unassign(struct pci_dev *pdev, u32 bar);
void iomrs_c_pci_assign(struct pci_dev *pdev, u32 bar, u64 start);

/* reclaim.c: memory that is short */
void *iomrs_c_shrinker_start(bool (*scan)(void *arg), void *arg);
void iomrs_c_shrinker_stop(void *shrinker);
void iomrs_c_run_in_reclaim(void (*fn)(void *arg), void *arg);
int iomrs_c_drop_slab(void);
void iomrs_c_use_up_memory(bool (*is_enough)(void *arg), void *arg);

#endif
