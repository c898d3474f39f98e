// SPDX-License-Identifier: GPL-2.0
/*
 * A C driver, compiled with the library's header: see selftests.h. All that it calls has the kernel's names.
 */
#include <linux/io.h>
#include <linux/io-mapping.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "selftests.h"

static unsigned long driver_ioremap(u64 phys, unsigned long size, u32 mode)
{
	void __iomem *addr = NULL;

	switch (mode) {
	case _PAGE_CACHE_MODE_WB:
		addr = ioremap_cache(phys, size);
		break;
	case _PAGE_CACHE_MODE_WC:
		addr = ioremap_wc(phys, size);
		break;
	case _PAGE_CACHE_MODE_UC_MINUS:
		addr = ioremap(phys, size);
		break;
	case _PAGE_CACHE_MODE_UC:
		addr = ioremap_uc(phys, size);
		break;
	case _PAGE_CACHE_MODE_WT:
		addr = ioremap_wt(phys, size);
		break;
	}
	return (unsigned long)addr;
}

static unsigned long driver_ioremap_prot(u64 phys, unsigned long size, unsigned long prot)
{
	return (unsigned long)ioremap_prot(phys, size, __pgprot(prot));
}

static void driver_iounmap(unsigned long addr)
{
	iounmap((void __iomem *)addr);
}

static struct io_mapping *driver_create_wc(u64 base, unsigned long size)
{
	return io_mapping_create_wc(base, size);
}

static void driver_free(struct io_mapping *mapping)
{
	io_mapping_free(mapping);
}

static struct io_mapping *driver_zeroed(void)
{
	return kzalloc(sizeof(struct io_mapping), GFP_KERNEL);
}

static void driver_kfree(struct io_mapping *mapping)
{
	kfree(mapping);
}

static bool driver_init_wc(struct io_mapping *mapping, u64 base, unsigned long size)
{
	return io_mapping_init_wc(mapping, base, size) == mapping && mapping;
}

static void driver_fini(struct io_mapping *mapping)
{
	io_mapping_fini(mapping);
}

static unsigned long driver_map_wc(struct io_mapping *mapping, unsigned long offset, unsigned long size)
{
	return (unsigned long)io_mapping_map_wc(mapping, offset, size);
}

static void driver_unmap(unsigned long addr)
{
	io_mapping_unmap((void __iomem *)addr);
}

static unsigned long driver_map_local(struct io_mapping *mapping, unsigned long offset)
{
	return (unsigned long)io_mapping_map_local_wc(mapping, offset);
}

static void driver_unmap_local(unsigned long addr)
{
	io_mapping_unmap_local((void __iomem *)addr);
}

static unsigned long driver_map_atomic(struct io_mapping *mapping, unsigned long offset)
{
	return (unsigned long)io_mapping_map_atomic_wc(mapping, offset);
}

static void driver_unmap_atomic(unsigned long addr)
{
	io_mapping_unmap_atomic((void __iomem *)addr);
}

static unsigned long driver_pci_iomap(struct pci_dev *pdev, int bar, unsigned long offset, unsigned long max, bool wc)
{
	void __iomem *addr;

	if (offset)
		addr = wc ? pci_iomap_wc_range(pdev, bar, offset, max) : pci_iomap_range(pdev, bar, offset, max);
	else
		addr = wc ? pci_iomap_wc(pdev, bar, max) : pci_iomap(pdev, bar, max);
	return (unsigned long)addr;
}

static unsigned long driver_pci_ioremap_bar(struct pci_dev *pdev, int bar, bool wc)
{
	return (unsigned long)(wc ? pci_ioremap_wc_bar(pdev, bar) : pci_ioremap_bar(pdev, bar));
}

static void driver_pci_iounmap(struct pci_dev *pdev, unsigned long addr)
{
	pci_iounmap(pdev, (void __iomem *)addr);
}

static unsigned long driver_devm_ioremap(struct pci_dev *pdev, u64 phys, unsigned long size)
{
	return (unsigned long)devm_ioremap_wc(&pdev->dev, phys, size);
}

static unsigned long driver_devm_ioremap_resource(struct pci_dev *pdev, int bar, unsigned long flags)
{
	struct resource resource;

	if (bar < 0)
		return (unsigned long)devm_ioremap_resource(pdev ? &pdev->dev : NULL, NULL);
	resource = pdev->resource[bar];
	resource.flags |= flags;
	return (unsigned long)devm_ioremap_resource(&pdev->dev, &resource);
}

static void driver_devm_iounmap(struct pci_dev *pdev, unsigned long addr)
{
	devm_iounmap(&pdev->dev, (void __iomem *)addr);
}

/* The device is never added: it is there to own what is mapped. */
static struct platform_device *driver_platform_device(u64 phys, unsigned long size)
{
	struct resource memory = DEFINE_RES_MEM_NAMED(phys, size, "selftests");
	struct platform_device *pdev = platform_device_alloc("selftests", PLATFORM_DEVID_NONE);

	if (!pdev || !platform_device_add_resources(pdev, &memory, 1))
		return pdev;
	platform_device_put(pdev);
	return NULL;
}

static unsigned long driver_devm_platform(struct platform_device *pdev, u32 how)
{
	struct resource *found = NULL;
	void __iomem *addr;

	switch (how) {
	case 0:
		return (unsigned long)devm_platform_ioremap_resource(pdev, 0);
	case 1:
		return (unsigned long)devm_platform_ioremap_resource_byname(pdev, "selftests");
	}
	addr = devm_platform_get_and_ioremap_resource(pdev, 0, &found);
	return found == pdev->resource ? (unsigned long)addr : 0;
}

static void driver_platform_put(struct platform_device *pdev)
{
	platform_device_put(pdev);
}

static unsigned long driver_pcim_iomap(struct pci_dev *pdev, int bar, unsigned long max)
{
	return (unsigned long)pcim_iomap(pdev, bar, max);
}

static unsigned long driver_pcim_iomap_range(struct pci_dev *pdev, int bar, unsigned long offset, unsigned long len)
{
	return (unsigned long)pcim_iomap_range(pdev, bar, offset, len);
}

static void driver_pcim_iounmap(struct pci_dev *pdev, unsigned long addr)
{
	pcim_iounmap(pdev, (void __iomem *)addr);
}

static unsigned long driver_pcim_iomap_region(struct pci_dev *pdev, int bar)
{
	return (unsigned long)pcim_iomap_region(pdev, bar, "selftests");
}

static void driver_pcim_iounmap_region(struct pci_dev *pdev, int bar)
{
	pcim_iounmap_region(pdev, bar);
}

static int driver_pcim_iomap_regions(struct pci_dev *pdev, int mask)
{
	return pcim_iomap_regions(pdev, mask, "selftests");
}

static unsigned long driver_pcim_table(struct pci_dev *pdev, int bar)
{
	return (unsigned long)pcim_iomap_table(pdev)[bar];
}

#if defined(IOMRS_PLAIN)
#define DRIVER iomrs_c_plain_driver
#elif defined(IOMRS_CHECK)
#define DRIVER iomrs_c_checked_driver
#else
#define DRIVER iomrs_c_driver
#endif

const struct iomrs_c_driver DRIVER = {
	.ioremap = driver_ioremap,
	.ioremap_prot = driver_ioremap_prot,
	.iounmap = driver_iounmap,
	.create_wc = driver_create_wc,
	.free = driver_free,
	.zeroed = driver_zeroed,
	.kfree = driver_kfree,
	.init_wc = driver_init_wc,
	.fini = driver_fini,
	.map_wc = driver_map_wc,
	.unmap = driver_unmap,
	.map_local = driver_map_local,
	.unmap_local = driver_unmap_local,
	.map_atomic = driver_map_atomic,
	.unmap_atomic = driver_unmap_atomic,
	.pci_iomap = driver_pci_iomap,
	.pci_ioremap_bar = driver_pci_ioremap_bar,
	.pci_iounmap = driver_pci_iounmap,
	.pcim_iomap = driver_pcim_iomap,
	.pcim_iomap_range = driver_pcim_iomap_range,
	.pcim_iounmap = driver_pcim_iounmap,
	.pcim_iomap_region = driver_pcim_iomap_region,
	.pcim_iounmap_region = driver_pcim_iounmap_region,
	.pcim_iomap_regions = driver_pcim_iomap_regions,
	.pcim_table = driver_pcim_table,
	.devm_ioremap = driver_devm_ioremap,
	.devm_ioremap_resource = driver_devm_ioremap_resource,
	.devm_iounmap = driver_devm_iounmap,
	.platform_device = driver_platform_device,
	.devm_platform = driver_devm_platform,
	.platform_put = driver_platform_put,
};
