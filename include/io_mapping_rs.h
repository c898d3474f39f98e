/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io_mapping and ioremap of io_mapping_rs for a C driver. The driver's source stays as it is, and its Makefile gets
 *
 *	ccflags-y += -include /path/to/io_mapping_rs.h
 *
 * After it the names of <linux/io-mapping.h> and the ioremap family are those of io_mapping_rs. The addresses are
 * plain: readl() and its like stay the kernel's.
 *
 * To be defined by -D on the command line:
 *
 *	IOMRS_KEEP_ioremap	leaves a name to the kernel; so for each name below
 *	IOMRS_ONLY_IO_MAPPING	leaves all names to the kernel but those of <linux/io-mapping.h>
 *	IOMRS_CHECK		maps no aperture as a whole, so that each wrong map, unmap and access is noticed
 *
 * docs/c-drivers.md says what changes for the driver.
 */
#ifndef IO_MAPPING_RS_H
#define IO_MAPPING_RS_H

#ifndef __ASSEMBLY__

#ifndef IOMRS_KEEP_io_mapping
/* In place of the kernel's header, of which nothing is used. */
#define _LINUX_IO_MAPPING_H
#endif

#include <linux/bug.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/jump_label.h>
#include <linux/of_address.h>
#include <linux/pci.h>
#include <linux/pgtable.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <asm/page.h>

/* A line of the driver. It is named where something is wrong, and in the list of mappings. */
struct iomrs_site {
	const char *file;
	const char *function;
	const char *module;
	unsigned int line;
};

#define IOMRS_SITE ({										\
	static const struct iomrs_site iomrs_site = { __FILE__, __func__, KBUILD_MODNAME, __LINE__ };	\
	&iomrs_site;										\
})

/* The functions of the library. mode is one of enum page_cache_mode. */
void __iomem *iomrs_ioremap(resource_size_t phys, unsigned long size, u32 mode, const struct iomrs_site *site);
void __iomem *iomrs_ioremap_prot(resource_size_t phys, unsigned long size, unsigned long prot,
				 const struct iomrs_site *site);
void iomrs_iounmap(const volatile void __iomem *addr, const struct iomrs_site *site);

void __iomem *iomrs_pci_iomap(struct pci_dev *pdev, int bar, unsigned long offset, unsigned long max, u32 mode,
			      const struct iomrs_site *site);
void __iomem *iomrs_pci_ioremap_bar(struct pci_dev *pdev, int bar, u32 mode, const struct iomrs_site *site);
void iomrs_pci_iounmap(const void __iomem *addr, const struct iomrs_site *site);
void __iomem *iomrs_pcim_iomap(struct pci_dev *pdev, int bar, unsigned long offset, unsigned long max, bool requested,
			       const struct iomrs_site *site);
bool iomrs_pcim_iounmap(struct pci_dev *pdev, void __iomem *addr, const struct iomrs_site *site);
bool iomrs_pcim_iounmap_bar(struct pci_dev *pdev, int bar, const struct iomrs_site *site);
void __iomem *iomrs_devm_ioremap(struct device *dev, resource_size_t phys, resource_size_t size, u32 mode,
				 const struct iomrs_site *site);
void iomrs_devm_iounmap(struct device *dev, void __iomem *addr, const struct iomrs_site *site);

/* Nothing is mapped or unmapped there. It is the library that reports it. */
static inline bool iomrs_is_interrupt(void)
{
	return in_hardirq() || (!IS_ENABLED(CONFIG_PREEMPT_RT) && in_serving_softirq());
}

#ifndef IOMRS_ONLY_IO_MAPPING

#include "io_mapping_rs_devices.h"

#ifndef IOMRS_KEEP_ioremap
#undef ioremap
#define ioremap(phys, size) iomrs_ioremap(phys, size, _PAGE_CACHE_MODE_UC_MINUS, IOMRS_SITE)
#endif

#ifndef IOMRS_KEEP_ioremap_uc
#undef ioremap_uc
#define ioremap_uc(phys, size) iomrs_ioremap(phys, size, _PAGE_CACHE_MODE_UC, IOMRS_SITE)
#endif

#ifndef IOMRS_KEEP_ioremap_wc
#undef ioremap_wc
#define ioremap_wc(phys, size) iomrs_ioremap(phys, size, _PAGE_CACHE_MODE_WC, IOMRS_SITE)
#endif

#ifndef IOMRS_KEEP_ioremap_wt
#undef ioremap_wt
#define ioremap_wt(phys, size) iomrs_ioremap(phys, size, _PAGE_CACHE_MODE_WT, IOMRS_SITE)
#endif

#ifndef IOMRS_KEEP_ioremap_cache
#undef ioremap_cache
#define ioremap_cache(phys, size) iomrs_ioremap(phys, size, _PAGE_CACHE_MODE_WB, IOMRS_SITE)
#endif

#ifndef IOMRS_KEEP_ioremap_prot
#undef ioremap_prot
#define ioremap_prot(phys, size, prot) iomrs_ioremap_prot(phys, size, pgprot_val(prot), IOMRS_SITE)
#endif

#ifndef IOMRS_KEEP_iounmap
#undef iounmap
#define iounmap(addr) iomrs_iounmap(addr, IOMRS_SITE)
#endif

#ifndef IOMRS_KEEP_pci_iomap
#undef pci_iomap
#undef pci_iomap_wc
#undef pci_iomap_range
#undef pci_iomap_wc_range
#undef pci_iounmap
#define pci_iomap(pdev, bar, max) iomrs_pci_iomap(pdev, bar, 0, max, _PAGE_CACHE_MODE_UC_MINUS, IOMRS_SITE)
#define pci_iomap_wc(pdev, bar, max) iomrs_pci_iomap(pdev, bar, 0, max, _PAGE_CACHE_MODE_WC, IOMRS_SITE)
#define pci_iomap_range(pdev, bar, offset, max) \
	iomrs_pci_iomap(pdev, bar, offset, max, _PAGE_CACHE_MODE_UC_MINUS, IOMRS_SITE)
#define pci_iomap_wc_range(pdev, bar, offset, max) \
	iomrs_pci_iomap(pdev, bar, offset, max, _PAGE_CACHE_MODE_WC, IOMRS_SITE)
#define pci_iounmap(pdev, addr) iomrs_pci_iounmap(addr, ((void)(pdev), IOMRS_SITE))
#endif

#ifndef IOMRS_KEEP_pci_ioremap_bar
#define pci_ioremap_bar(pdev, bar) iomrs_pci_ioremap_bar(pdev, bar, _PAGE_CACHE_MODE_UC_MINUS, IOMRS_SITE)
#define pci_ioremap_wc_bar(pdev, bar) iomrs_pci_ioremap_bar(pdev, bar, _PAGE_CACHE_MODE_WC, IOMRS_SITE)
#endif

#ifndef IOMRS_KEEP_pcim_iomap
#define pcim_iomap(pdev, bar, max) iomrs_pcim_iomap_whole(pdev, bar, max, IOMRS_SITE)
#define pcim_iomap_range(pdev, bar, offset, len) \
	(iomrs_pcim_iomap(pdev, bar, offset, len, false, IOMRS_SITE) ?: IOMEM_ERR_PTR(-EINVAL))
#define pcim_iounmap(pdev, addr) iomrs_pcim_unmap(pdev, addr, IOMRS_SITE)
#define pcim_iomap_region(pdev, bar, name) iomrs_pcim_iomap_region(pdev, bar, name, IOMRS_SITE)
#define pcim_iounmap_region(pdev, bar) iomrs_pcim_iounmap_region(pdev, bar, IOMRS_SITE)
#define pcim_iomap_regions(pdev, mask, name) iomrs_pcim_iomap_regions(pdev, mask, name, IOMRS_SITE)
#endif

#ifndef IOMRS_KEEP_devm_ioremap
#define devm_ioremap(dev, phys, size) iomrs_devm_ioremap(dev, phys, size, _PAGE_CACHE_MODE_UC_MINUS, IOMRS_SITE)
#define devm_ioremap_uc(dev, phys, size) iomrs_devm_ioremap(dev, phys, size, _PAGE_CACHE_MODE_UC, IOMRS_SITE)
#define devm_ioremap_wc(dev, phys, size) iomrs_devm_ioremap(dev, phys, size, _PAGE_CACHE_MODE_WC, IOMRS_SITE)
#define devm_iounmap(dev, addr) iomrs_devm_iounmap(dev, addr, IOMRS_SITE)
#define devm_ioremap_resource(dev, res) \
	iomrs_devm_ioremap_resource(dev, res, _PAGE_CACHE_MODE_UC_MINUS, IOMRS_SITE)
#define devm_ioremap_resource_wc(dev, res) \
	iomrs_devm_ioremap_resource(dev, res, _PAGE_CACHE_MODE_WC, IOMRS_SITE)
#define devm_of_iomap(dev, node, index, size) iomrs_devm_of_iomap(dev, node, index, size, IOMRS_SITE)
#define devm_platform_ioremap_resource(pdev, index) iomrs_devm_platform(pdev, index, NULL, NULL, IOMRS_SITE)
#define devm_platform_ioremap_resource_byname(pdev, name) iomrs_devm_platform(pdev, 0, name, NULL, IOMRS_SITE)
#define devm_platform_get_and_ioremap_resource(pdev, index, res) \
	iomrs_devm_platform(pdev, index, NULL, res, IOMRS_SITE)
#endif

#endif /* IOMRS_ONLY_IO_MAPPING */

#ifndef IOMRS_KEEP_io_mapping

/* It begins as the kernel's, which code that was compiled without this header may be handed. */
struct io_mapping {
	resource_size_t base;
	unsigned long size;
	pgprot_t prot;
	/* Where the aperture is mapped as a whole. If it is sparse: an address at which nothing ever is. */
	void __iomem *iomem;
	/* Of io_mapping_rs: how many bytes are mapped from iomem on, and the sparse aperture. */
	unsigned long iomrs_mapped;
	const void *iomrs_sparse;
};

bool iomrs_io_mapping_init_wc(struct io_mapping *mapping, resource_size_t base, unsigned long size, u32 flags,
			      const struct iomrs_site *site);
bool iomrs_io_mapping_fini(struct io_mapping *mapping, const struct iomrs_site *site);
/* Cold, so that the compiler puts the calls out of the way of what is inlined below. */
void __iomem *iomrs_io_mapping_map_page(const struct io_mapping *mapping, unsigned long offset, bool atomic,
					const struct iomrs_site *site) __cold;
void iomrs_io_mapping_unmap_page(const void __iomem *addr, u32 flags, const struct iomrs_site *site) __cold;
void __iomem *iomrs_io_mapping_map_wc(const struct io_mapping *mapping, unsigned long offset, unsigned long size,
				      const struct iomrs_site *site) __cold;
void iomrs_io_mapping_unmap(const void __iomem *addr, const struct iomrs_site *site) __cold;

/* On from when the first sparse aperture is made. Before that there is nothing to do for an unmap. */
DECLARE_STATIC_KEY_FALSE(iomrs_sparse_apertures);

/* With IOMRS_CHECK apertures are sparse, and each map or unmap is a call, which checks its arguments first. */
#ifdef IOMRS_CHECK
#define IOMRS_FLAGS 1
#else
#define IOMRS_FLAGS 0
#endif

static inline bool iomrs_is_mapped(const struct io_mapping *mapping, unsigned long offset)
{
	return !IOMRS_FLAGS && offset < mapping->iomrs_mapped;
}

static inline bool iomrs_make_wc(struct io_mapping *mapping, resource_size_t base, unsigned long size,
				 const struct iomrs_site *site)
{
	if (!iomrs_io_mapping_init_wc(mapping, base, size, IOMRS_FLAGS, site))
		return false;
	mapping->prot = pgprot_writecombine(PAGE_KERNEL);
	return true;
}

/* As in iomrs_fini(). */
static inline bool iomrs_refuse_interrupt(resource_size_t base, unsigned long size, const struct iomrs_site *site)
{
	return unlikely(iomrs_is_interrupt()) && !iomrs_io_mapping_init_wc(NULL, base, size, IOMRS_FLAGS, site);
}

static inline struct io_mapping *iomrs_init_wc(struct io_mapping *mapping, resource_size_t base, unsigned long size,
					       const struct iomrs_site *site)
{
	if (iomrs_refuse_interrupt(base, size, site))
		return NULL;
	return iomrs_make_wc(mapping, base, size, site) ? mapping : NULL;
}

static inline struct io_mapping *iomrs_create_wc(resource_size_t base, unsigned long size,
						 const struct iomrs_site *site)
{
	struct io_mapping *mapping;

	if (iomrs_refuse_interrupt(base, size, site))
		return NULL;
	mapping = kmalloc_obj(*mapping);
	if (mapping && !iomrs_make_wc(mapping, base, size, site)) {
		kfree(mapping);
		return NULL;
	}
	return mapping;
}

/* An interrupt is refused as NULL is. The library says which it was. */
static inline bool iomrs_fini(struct io_mapping *mapping, const struct iomrs_site *site)
{
	return iomrs_io_mapping_fini(unlikely(iomrs_is_interrupt()) ? NULL : mapping, site);
}

/* What is no aperture is not freed, either. */
static inline void iomrs_free(struct io_mapping *mapping, const struct iomrs_site *site)
{
	if (iomrs_fini(mapping, site))
		kfree(mapping);
}

static inline void __iomem *iomrs_map_page(const struct io_mapping *mapping, unsigned long offset, bool atomic,
					   const struct iomrs_site *site)
{
	if (unlikely(!iomrs_is_mapped(mapping, offset)))
		return iomrs_io_mapping_map_page(mapping, offset, atomic, site);
	return mapping->iomem + offset;
}

static inline void iomrs_unmap_page(const void __iomem *addr, const struct iomrs_site *site)
{
	if (IOMRS_FLAGS || static_branch_unlikely(&iomrs_sparse_apertures))
		iomrs_io_mapping_unmap_page(addr, IOMRS_FLAGS, site);
}

static inline void __iomem *iomrs_map_atomic(const struct io_mapping *mapping, unsigned long offset,
					     const struct iomrs_site *site)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	else
		migrate_disable();
	pagefault_disable();
	return iomrs_map_page(mapping, offset, true, site);
}

static inline void iomrs_unmap_atomic(const void __iomem *addr, const struct iomrs_site *site)
{
	/* A map that was refused is ended, too. */
	if (!IOMRS_FLAGS || addr)
		iomrs_unmap_page(addr, site);
	pagefault_enable();
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
	else
		migrate_enable();
}

static inline void __iomem *iomrs_map_wc(const struct io_mapping *mapping, unsigned long offset, unsigned long size,
					 const struct iomrs_site *site)
{
	if (unlikely(!iomrs_is_mapped(mapping, offset)))
		return iomrs_io_mapping_map_wc(mapping, offset, size, site);
	return mapping->iomem + offset;
}

static inline void iomrs_unmap(const void __iomem *addr, const struct iomrs_site *site)
{
	if (IOMRS_FLAGS || static_branch_unlikely(&iomrs_sparse_apertures))
		iomrs_io_mapping_unmap(addr, site);
}

#define io_mapping_init_wc(mapping, base, size) iomrs_init_wc(mapping, base, size, IOMRS_SITE)
#define io_mapping_create_wc(base, size) iomrs_create_wc(base, size, IOMRS_SITE)
#define io_mapping_fini(mapping) ((void)iomrs_fini(mapping, IOMRS_SITE))
#define io_mapping_free(mapping) iomrs_free(mapping, IOMRS_SITE)
#define io_mapping_map_local_wc(mapping, offset) iomrs_map_page(mapping, offset, false, IOMRS_SITE)
#define io_mapping_unmap_local(addr) iomrs_unmap_page(addr, IOMRS_SITE)
#define io_mapping_map_atomic_wc(mapping, offset) iomrs_map_atomic(mapping, offset, IOMRS_SITE)
#define io_mapping_unmap_atomic(addr) iomrs_unmap_atomic(addr, IOMRS_SITE)
#define io_mapping_map_wc(mapping, offset, size) iomrs_map_wc(mapping, offset, size, IOMRS_SITE)
#define io_mapping_unmap(addr) iomrs_unmap(addr, IOMRS_SITE)

#endif /* IOMRS_KEEP_io_mapping */

#endif /* __ASSEMBLY__ */
#endif
