// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings and apertures made by C: see selftests.h.
 */
#include <linux/io.h>
#include <linux/io-mapping.h>
#ifdef CONFIG_X86_64
#include <asm/memtype.h>
#endif

#include "selftests.h"

/* Calls what a driver calls for the cache mode. Returns 0 where C returns NULL. */
#ifdef CONFIG_X86_64
unsigned long iomrs_c_ioremap(u64 phys, unsigned long size, u32 mode)
{
	return iomrs_c_plain_driver.ioremap(phys, size, mode);
}
#else
unsigned long iomrs_c_ioremap(u64 phys, unsigned long size, u32 mode)
{
	switch (mode) {
	case 0:
		return (unsigned long)ioremap_cache(phys, size);
	case 1:
		return (unsigned long)ioremap_wc(phys, size);
	case 2:
		return (unsigned long)ioremap(phys, size);
	case 3:
		return (unsigned long)pci_remap_cfgspace(phys, size);
	}
	return (unsigned long)ioremap_wt(phys, size);
}
#endif

#ifdef CONFIG_X86_64
/* Asks for a read-only mapping. C keeps only the cache bits of the protection. */
unsigned long iomrs_c_ioremap_read_only(u64 phys, unsigned long size)
{
	return (unsigned long)ioremap_prot(phys, size, PAGE_KERNEL_RO);
}

unsigned long iomrs_c_ioremap_encrypted(u64 phys, unsigned long size)
{
	return (unsigned long)ioremap_encrypted(phys, size);
}

#endif

void iomrs_c_iounmap(unsigned long addr)
{
	iounmap((void __iomem *)addr);
}

#ifdef CONFIG_X86_64
/* Returns the cache mode that C's io_mapping says it has. */
u32 iomrs_c_io_mapping_mode(struct io_mapping *mapping)
{
	u32 pcm;

	for (pcm = 0; pcm < _PAGE_CACHE_MODE_NUM; pcm++)
		if (cachemode2protval(pcm) == (pgprot_val(mapping->prot) & _PAGE_CACHE_MASK))
			break;
	return pcm;
}
#endif

struct io_mapping *iomrs_c_io_mapping_create_wc(u64 base, unsigned long size)
{
	return io_mapping_create_wc(base, size);
}

void iomrs_c_io_mapping_free(struct io_mapping *mapping)
{
	io_mapping_free(mapping);
}

unsigned long iomrs_c_io_mapping_map_wc(struct io_mapping *mapping, unsigned long offset, unsigned long size)
{
	return (unsigned long)io_mapping_map_wc(mapping, offset, size);
}

unsigned long iomrs_c_io_mapping_map_local_wc(struct io_mapping *mapping, unsigned long offset)
{
	return (unsigned long)io_mapping_map_local_wc(mapping, offset);
}

void iomrs_c_io_mapping_unmap_local(unsigned long addr)
{
	io_mapping_unmap_local((void __iomem *)addr);
}

unsigned long iomrs_c_io_mapping_map_atomic_wc(struct io_mapping *mapping, unsigned long offset)
{
	return (unsigned long)io_mapping_map_atomic_wc(mapping, offset);
}

void iomrs_c_io_mapping_unmap_atomic(unsigned long addr)
{
	io_mapping_unmap_atomic((void __iomem *)addr);
}

u32 iomrs_c_readl(unsigned long addr)
{
	return readl((void __iomem *)addr);
}

void iomrs_c_writel(unsigned long addr, u32 value)
{
	writel(value, (void __iomem *)addr);
}
