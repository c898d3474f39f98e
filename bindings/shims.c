// SPDX-License-Identifier: GPL-2.0
/*
 * Shims that are the same on every kernel. See shims.h.
 */
#include <linux/mem_encrypt.h>
#include <linux/preempt.h>
#include <linux/uaccess.h>
#include <asm/memtype.h>
#include <asm/processor.h>

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
IOMRS_CANARY(pci_request_region, int, struct pci_dev *, int, const char *);
IOMRS_CANARY(pci_release_region, void, struct pci_dev *, int);

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

/* The side effects of io_mapping_map_atomic_wc(). */
void iomrs_map_atomic_begin(void)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	else
		migrate_disable();
	pagefault_disable();
}

void iomrs_map_atomic_end(void)
{
	pagefault_enable();
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
	else
		migrate_enable();
}
