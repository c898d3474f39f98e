/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C that Rust cannot call by itself: static inlines and macros of the kernel's headers, behind functions whose
 * names begin with iomrs_. bindings/mod.rs declares the same functions for Rust; tools/bindings.py compares the two.
 *
 * shims.c holds what is the same on every kernel. exported.c and stock.c each hold the rest: the same questions,
 * answered by a kernel with kconfig/export.patch, or by an unmodified one. One of them is built.
 */
#ifndef IOMRS_SHIMS_H
#define IOMRS_SHIMS_H

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>

/*
 * Fails to build when the kernel changes the prototype that Rust or a shim relies on.
 */
#define IOMRS_CANARY(fn, ret, ...) \
	static_assert(__same_type(&fn, (ret (*)(__VA_ARGS__))NULL), "the prototype of " #fn " has changed")

/*
 * What iomrs_range_flags() found, bits of its result. A range within a region that is @requested is looked at for
 * encryption only: the rest has been kept out by the request.
 */
#define IOMRS_RANGE_RAM		1	/* holds system RAM that the kernel uses */
#define IOMRS_RANGE_ENCRYPTED	2	/* must be mapped encrypted */
#define IOMRS_RANGE_SPANS	4	/* leaves a resource that it begins in, or the reverse */

/* How many events are counted: see stats.rs. */
#define IOMRS_COUNTERS		21

/* The next page frame from @pfn on that has a struct page, @stop where none has. */
static inline unsigned long iomrs_next_valid_pfn(unsigned long pfn, unsigned long stop)
{
	while (pfn < stop && !pfn_valid(pfn))
		pfn = ALIGN(pfn + 1, IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP) ? PAGES_PER_SUBSECTION : 1);
	return min(pfn, stop);
}

/* shims.c */
u32 iomrs_phys_bits(void);
u64 iomrs_phys_mask(void);
unsigned long iomrs_vmalloc_total(void);
bool iomrs_memtype_allowed(u64 start, unsigned long size, u32 requested, u32 achieved);
u64 iomrs_pgprot(u32 pcm, bool encrypted, bool read_only);
u32 iomrs_effective_mode(u32 pcm);
u32 iomrs_pgprot_mode(u64 prot, bool large);
u64 iomrs_lookup(unsigned long addr, u32 *shift);
unsigned long iomrs_pci_resource_flags(struct pci_dev *pdev, int bar);
void iomrs_preempt(void);
void iomrs_map_atomic_begin(void);
void iomrs_map_atomic_end(void);
u64 iomrs_pte_template(u64 prot);
void iomrs_might_sleep(void);
bool iomrs_flush_all_asids(void);
void iomrs_flush_asids(unsigned long addr);
void iomrs_clear_entries(unsigned long addr, unsigned long pages);
pte_t *iomrs_slot_entry(unsigned long addr);
bool iomrs_has_ram(u64 start, u64 size);
u64 iomrs_counter(u32 which);
u32 iomrs_seconds_since(u32 then);
bool iomrs_within_module(unsigned long addr, const void *module);

/* io.c */
void iomrs_memcpy_fromio(void *data, const void __iomem *io, size_t size);
void iomrs_memcpy_toio(void __iomem *io, const void *data, size_t size);
unsigned long iomrs_port_limit(void);
#define IOMRS_PORTS_PROTO(suffix, type)								\
	type iomrs_in##suffix(unsigned long port);						\
	void iomrs_out##suffix(type value, unsigned long port);					\
	void iomrs_ins##suffix(type *data, const type *none, unsigned long port, unsigned long count);		\
	void iomrs_outs##suffix(type *none, const type *data, unsigned long port, unsigned long count)
IOMRS_PORTS_PROTO(b, u8);
IOMRS_PORTS_PROTO(w, u16);
IOMRS_PORTS_PROTO(l, u32);

/* exported.c and stock.c */
u32 iomrs_range_flags(u64 start, u64 size, bool requested);
int iomrs_memtype_reserve(u64 start, u64 end, u32 requested, u32 *achieved);
void iomrs_memtype_free(u64 start, u64 end, u32 requested);

/* exported.c */
int iomrs_memtype_sync(u64 start, unsigned long size, u32 pcm);
struct vm_struct *iomrs_get_vm_area(unsigned long size, u64 phys, unsigned long *addr);
u32 iomrs_max_page_shift(void);
void *iomrs_entry_alloc(unsigned long addr, u32 shift);
int iomrs_set_pud(pud_t *pud, unsigned long addr, u64 phys, u64 prot);
int iomrs_set_pmd(pmd_t *pmd, unsigned long addr, u64 phys, u64 prot);

/* stock.c */
bool iomrs_has_memmap(u64 start, u64 size);
void *iomrs_vmap_pfn(unsigned long *pfns, unsigned int count, u64 prot);

/* kmap.c */
unsigned long iomrs_kmap(u64 phys, u64 prot);
void iomrs_kunmap(unsigned long map);

#endif
