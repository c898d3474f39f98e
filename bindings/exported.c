// SPDX-License-Identifier: GPL-2.0
/*
 * Shims for a kernel with kconfig/export.patch. See shims.h.
 */
#include <linux/cc_platform.h>
#include <linux/efi.h>
#include <linux/mmap_lock.h>
#include <asm/memtype.h>
#include <asm/pgalloc.h>
#include <asm/tlbflush.h>
#include <asm/x86_init.h>

#include "shims.h"

/* kconfig/export.patch makes this visible: the largest page for I/O, PAGE_SHIFT after "nohugeiomap". */
extern unsigned int ioremap_max_page_shift;

IOMRS_CANARY(get_vm_area_caller, struct vm_struct *, unsigned long, unsigned long, const void *);
IOMRS_CANARY(memtype_reserve, int, u64, u64, enum page_cache_mode, enum page_cache_mode *);
IOMRS_CANARY(memtype_free, int, u64, u64);
IOMRS_CANARY(memtype_kernel_map_sync, int, u64, unsigned long, enum page_cache_mode);
IOMRS_CANARY(walk_mem_res, int, u64, u64, void *, int (*)(struct resource *, void *));
IOMRS_CANARY(iomem_map_sanity_check, int, resource_size_t, unsigned long);
IOMRS_CANARY(pud_set_huge, int, pud_t *, phys_addr_t, pgprot_t);
IOMRS_CANARY(pmd_set_huge, int, pmd_t *, phys_addr_t, pgprot_t);
IOMRS_CANARY(pud_free_pmd_page, int, pud_t *, unsigned long);
IOMRS_CANARY(pmd_free_pte_page, int, pmd_t *, unsigned long);

/* RAM that the kernel uses: System RAM with a memory map whose pages are not reserved. */
static bool res_is_used_ram(const struct resource *res)
{
	unsigned long pfn, stop;

	if ((res->flags & IORESOURCE_SYSTEM_RAM) != IORESOURCE_SYSTEM_RAM)
		return false;

	pfn = PFN_UP(res->start);
	stop = PFN_DOWN(res->end + 1);
	while ((pfn = iomrs_next_valid_pfn(pfn, stop)) < stop)
		if (!PageReserved(pfn_to_page(pfn++)))
			return true;
	return false;
}

static int collect_flags(struct resource *res, void *arg)
{
	u32 *flags = arg;

	if (res_is_used_ram(res))
		*flags |= IOMRS_RANGE_RAM;
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) &&
	    res->desc != IORES_DESC_NONE && res->desc != IORES_DESC_RESERVED)
		*flags |= IOMRS_RANGE_ENCRYPTED;
	return *flags == (IOMRS_RANGE_RAM | IOMRS_RANGE_ENCRYPTED);
}

u32 iomrs_range_flags(u64 start, u64 size, bool requested)
{
	u32 flags = 0;

	if (requested && !cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT))
		return 0;
	/* Whole pages: that is what is mapped, and what res_is_used_ram() sees. */
	walk_mem_res(start & PAGE_MASK, (start + size - 1) | ~PAGE_MASK, &flags, collect_flags);
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) &&
	    (x86_platform.hyper.is_private_mmio(start) ||
	     x86_platform.hyper.is_private_mmio(start + size - 1)))
		flags |= IOMRS_RANGE_ENCRYPTED;
	if (iomem_map_sanity_check(start, size))
		flags |= IOMRS_RANGE_SPANS;
	return flags;
}

int iomrs_memtype_reserve(u64 start, u64 end, u32 requested, u32 *achieved)
{
	enum page_cache_mode got = requested;
	int err = memtype_reserve(start, end, requested, &got);

	*achieved = got;
	return err;
}

void iomrs_memtype_free(u64 start, u64 end, u32 requested)
{
	memtype_free(start, end);
}

int iomrs_memtype_sync(u64 start, unsigned long size, u32 pcm)
{
	return memtype_kernel_map_sync(start, size, pcm);
}

struct vm_struct *iomrs_get_vm_area(unsigned long size, u64 phys, unsigned long *addr)
{
	struct vm_struct *area = get_vm_area_caller(size, VM_IOREMAP, __builtin_return_address(0));

	if (area) {
		area->phys_addr = phys;
		*addr = (unsigned long)area->addr;
	}
	return area;
}

u32 iomrs_max_page_shift(void)
{
	u32 shift = boot_cpu_has(X86_FEATURE_GBPAGES) ? PUD_SHIFT :
		    boot_cpu_has(X86_FEATURE_PSE) ? PMD_SHIFT : PAGE_SHIFT;

	return min(shift, ioremap_max_page_shift);
}

/*
 * The entry of the page of 1 << @shift bytes at @addr, in a table that is made where it is missing, as are those above
 * it: NULL where there is no memory for one, -EBUSY where a large page stands in its place. pgd and p4d entries are
 * copied to the other page tables where the architecture keeps several.
 */
void *iomrs_entry_alloc(unsigned long addr, u32 shift)
{
	pgd_t *pgd = pgd_offset_k(addr);
	bool sync = (ARCH_PAGE_TABLE_SYNC_MASK & PGTBL_PGD_MODIFIED) && pgd_none(*pgd);
	p4d_t *p4d = p4d_alloc(&init_mm, pgd, addr);
	pud_t *pud;
	pmd_t *pmd;

	if (!p4d)
		return NULL;
	sync |= (ARCH_PAGE_TABLE_SYNC_MASK & PGTBL_P4D_MODIFIED) && p4d_none(*p4d);
	pud = pud_alloc(&init_mm, p4d, addr);
	if (sync)
		arch_sync_kernel_mappings(addr, addr);
	if (!pud || shift >= PUD_SHIFT)
		return pud;
	if (pud_leaf(*pud))
		return ERR_PTR(-EBUSY);
	pmd = pmd_alloc(&init_mm, pud, addr);
	if (!pmd || shift >= PMD_SHIFT)
		return pmd;
	return pmd_leaf(*pmd) ? ERR_PTR(-EBUSY) : pte_alloc_kernel(pmd, addr);
}

static bool pte_table_is_empty(pmd_t *pmd)
{
	pte_t *pte = (pte_t *)pmd_page_vaddr(*pmd);
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		if (!pte_none(pte[i]))
			return false;
	return true;
}

static bool pmd_table_is_empty(pud_t *pud)
{
	pmd_t *pmd = pud_pgtable(*pud);
	int i;

	for (i = 0; i < PTRS_PER_PMD; i++)
		if (!pmd_none(pmd[i]) && (pmd_leaf(pmd[i]) || !pte_table_is_empty(&pmd[i])))
			return false;
	return true;
}

/*
 * One large page: 1 done, 0 not at this size (an MTRR, or the table in its place cannot go now), -EBUSY something is
 * mapped there. A table left empty by an earlier, smaller mapping is freed, with ptdump shut out as vmalloc does.
 */
int iomrs_set_pud(pud_t *pud, unsigned long addr, u64 phys, u64 prot)
{
	int ret = 0;

	if (pud_none(*pud))
		return pud_set_huge(pud, phys, __pgprot(prot));
	if (pud_leaf(*pud) || !pmd_table_is_empty(pud))
		return -EBUSY;
	if (!mmap_read_trylock(&init_mm))
		return 0;
	if (pud_free_pmd_page(pud, addr))
		ret = pud_set_huge(pud, phys, __pgprot(prot));
	mmap_read_unlock(&init_mm);
	return ret;
}

int iomrs_set_pmd(pmd_t *pmd, unsigned long addr, u64 phys, u64 prot)
{
	int ret = 0;

	if (pmd_none(*pmd))
		return pmd_set_huge(pmd, phys, __pgprot(prot));
	if (pmd_leaf(*pmd) || !pte_table_is_empty(pmd))
		return -EBUSY;
	if (!mmap_read_trylock(&init_mm))
		return 0;
	if (pmd_free_pte_page(pmd, addr))
		ret = pmd_set_huge(pmd, phys, __pgprot(prot));
	mmap_read_unlock(&init_mm);
	return ret;
}
