// SPDX-License-Identifier: GPL-2.0
/*
 * Shims that are the same on every kernel. See shims.h.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/mem_encrypt.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/uaccess.h>
#include <asm/memtype.h>
#include <asm/invpcid.h>
#include <asm/processor.h>
#include <asm/special_insns.h>

#include "shims.h"

/* CacheMode in cache_mode.rs has these numbers. */
static_assert(_PAGE_CACHE_MODE_WB == 0);
static_assert(_PAGE_CACHE_MODE_WC == 1);
static_assert(_PAGE_CACHE_MODE_UC_MINUS == 2);
static_assert(_PAGE_CACHE_MODE_UC == 3);
static_assert(_PAGE_CACHE_MODE_WT == 4);

/* Rust calls these directly. */
IOMRS_CANARY(free_vm_area, void, struct vm_struct *);
IOMRS_CANARY(vunmap, void, const void *);
IOMRS_CANARY(pci_enable_device, int, struct pci_dev *);
IOMRS_CANARY(pci_request_region, int, struct pci_dev *, int, const char *);
IOMRS_CANARY(pci_release_region, void, struct pci_dev *, int);
IOMRS_CANARY(region_intersects, int, resource_size_t, size_t, unsigned long, unsigned long);

/* The width of a physical address of this CPU, as phys_addr_valid() has it. */
u32 iomrs_phys_bits(void)
{
	return boot_cpu_data.x86_phys_bits;
}

/* The bits of a physical address that an entry can hold, less the encryption bits (PHYSICAL_PAGE_MASK). */
u64 iomrs_phys_mask(void)
{
	return __PHYSICAL_MASK;
}

/* All the address space there is for areas, free or not. */
unsigned long iomrs_vmalloc_total(void)
{
	return VMALLOC_TOTAL;
}

/* May a mapping that asked for one cache mode live with the one that the registry has? */
bool iomrs_memtype_allowed(u64 start, unsigned long size, u32 requested, u32 achieved)
{
	return is_new_memtype_allowed(start, size, requested, achieved);
}

/* The protection of a mapping of device memory: never executable. */
u64 iomrs_pgprot(u32 pcm, bool encrypted, bool read_only)
{
	pgprot_t prot = PAGE_KERNEL_IO;

	if (read_only)
		prot = __pgprot((pgprot_val(prot) & ~(_PAGE_RW | _PAGE_DIRTY)));
	/* cc_mkenc() is not exported. It sets AMD's bit; elsewhere what is not decrypted is encrypted. */
	prot = encrypted ? __pgprot(__sme_set(pgprot_val(prot))) : pgprot_decrypted(prot);
	return pgprot_val(pgprot_nx(prot)) | cachemode2protval(pcm);
}

/* What becomes of a cache mode: without PAT there are no bits of its own for every one, and UC- takes its place. */
u32 iomrs_effective_mode(u32 pcm)
{
	if (likely(pat_enabled()))
		return pcm;
	if ((pcm == _PAGE_CACHE_MODE_WC || pcm == _PAGE_CACHE_MODE_WT) &&
	    cachemode2protval(pcm) == cachemode2protval(_PAGE_CACHE_MODE_UC_MINUS))
		return _PAGE_CACHE_MODE_UC_MINUS;
	return pcm;
}

/* The cache mode that the bits of an entry select, WB to WT as enum page_cache_mode has them. */
u32 iomrs_pgprot_mode(u64 prot, bool large)
{
	unsigned long bits = large ? protval_large_2_4k(prot) : prot;
	u32 pcm;

	for (pcm = 0; pcm < _PAGE_CACHE_MODE_NUM; pcm++)
		if (cachemode2protval(pcm) == (bits & _PAGE_CACHE_MASK))
			return iomrs_effective_mode(pcm);
	return _PAGE_CACHE_MODE_NUM;
}

/* The entry that maps @addr, 0 where none does, and the size of its page as a shift. */
u64 iomrs_lookup(unsigned long addr, u32 *shift)
{
	unsigned int level;
	pte_t *pte = lookup_address(addr, &level);

	if (!pte || pte_none(*pte))
		return 0;
	*shift = PAGE_SHIFT + PTE_SHIFT * (level - PG_LEVEL_4K);
	return pte_val(*pte);
}

unsigned long iomrs_pci_resource_flags(struct pci_dev *pdev, int bar)
{
	return pci_resource_flags(pdev, bar);
}

/*
 * What preempt_enable() does where preemption was pending. Exported, as the two below: the Rust that calls them is inlined
 * into the modules that use it.
 */
void iomrs_preempt(void)
{
#ifdef CONFIG_PREEMPTION
	__preempt_schedule();
#endif
}
EXPORT_SYMBOL_GPL(iomrs_preempt);

/* The side effects of io_mapping_map_atomic_wc(), where preempt.rs does not have them inline. */
void iomrs_map_atomic_begin(void)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	else
		migrate_disable();
	pagefault_disable();
}
EXPORT_SYMBOL_GPL(iomrs_map_atomic_begin);

void iomrs_map_atomic_end(void)
{
	pagefault_enable();
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
	else
		migrate_enable();
}
EXPORT_SYMBOL_GPL(iomrs_map_atomic_end);

/* The entry of a small page at physical address 0; a page's own address is added to it. */
u64 iomrs_pte_template(u64 prot)
{
	return pte_val(pfn_pte(0, __pgprot(prot)));
}

/* Complains, on a kernel made for that, where the caller is in no position to sleep. Exported as those above. */
void iomrs_might_sleep(void)
{
	might_sleep();
}
EXPORT_SYMBOL_GPL(iomrs_might_sleep);

/* Clears entries that are not present, so that no TLB has them. */
void iomrs_clear_entries(unsigned long addr, unsigned long pages)
{
	pte_t *pte;

	for (; pages--; addr += PAGE_SIZE) {
		pte = iomrs_slot_entry(addr);
		if (pte)
			set_pte(pte, __pte(0));
	}
}

/* The entry for @addr where it is that of a small page, present or not. */
pte_t *iomrs_slot_entry(unsigned long addr)
{
	unsigned int level;
	pte_t *pte = lookup_address(addr, &level);

	return level == PG_LEVEL_4K ? pte : NULL;
}

/* arch/x86/mm/tlb.c has TLB_NR_DYN_ASIDS address space identifiers; modules are not told how many. */
#define NR_ASIDS 6

/*
 * With page-table isolation (which turns INVLPGB off) kernel entries are not global: INVLPG leaves those that the CPU
 * keeps under the address space identifiers of other processes.
 */
bool iomrs_flush_all_asids(void)
{
	return boot_cpu_has(X86_FEATURE_PTI) && boot_cpu_has(X86_FEATURE_PCID);
}

/* Of these the kernel uses 1 to NR_ASIDS for its own half. */
void iomrs_flush_asids(unsigned long addr)
{
	unsigned long pcid, cr4, flags;

	if (boot_cpu_has(X86_FEATURE_INVPCID)) {
		for (pcid = 1; pcid <= NR_ASIDS; pcid++)
			invpcid_flush_one(pcid, addr);
		return;
	}
	/* Changing CR4.PGE drops everything. */
	local_irq_save(flags);
	cr4 = __read_cr4();
	asm volatile("mov %0, %%cr4" : : "r" (cr4 ^ X86_CR4_PGE) : "memory");
	asm volatile("mov %0, %%cr4" : : "r" (cr4) : "memory");
	local_irq_restore(flags);
}

/* Is any of the range system RAM, used or reserved? */
bool iomrs_has_ram(u64 start, u64 size)
{
	return region_intersects(start, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) != REGION_DISJOINT;
}

/* Rust counts in these, with this_cpu_inc() of its own. */
DEFINE_PER_CPU(unsigned long [IOMRS_COUNTERS], iomrs_counters);

/* One counter, of all CPUs. */
u64 iomrs_counter(u32 which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(iomrs_counters, cpu)[which]);
	return sum;
}

/* Whole seconds since jiffies were 64 times @then, more or less. */
u32 iomrs_seconds_since(u32 then)
{
	return div_u64(64ull * ((u32)(get_jiffies_64() >> 6) - then), HZ);
}

/* Is that in the memory of @module, a struct module? */
bool iomrs_within_module(unsigned long addr, const void *module)
{
	return within_module(addr, module);
}
