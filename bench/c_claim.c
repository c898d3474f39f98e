// SPDX-License-Identifier: GPL-2.0
/*
 * The right to write all over a range: a BAR that no driver has, or memory that the command line has set aside. See
 * c_bench.h.
 */
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "c_bench.h"

#define NAME "io-mapping-bench"

struct claim {
	struct pci_dev *pdev;	/* NULL: a range of memory */
	int bar;
	u64 phys, size;
};

static int claim_bar(struct pci_dev *pdev, int bar)
{
	int err;

	if (bar >= PCI_STD_NUM_BARS || !pci_resource_len(pdev, bar))
		return -ENODEV;
	if (!(pci_resource_flags(pdev, bar) & IORESOURCE_MEM))
		return -EINVAL;
	if (pdev->dev.driver)
		return -EBUSY;
	err = pci_enable_device_mem(pdev);
	if (err)
		return err;
	err = pci_request_region(pdev, bar, NAME);
	if (err)
		pci_disable_device(pdev);
	return err;
}

/*
 * The BAR's place goes to @phys and @size. NULL with -ENODEV, where there is no such BAR, -EINVAL, where it is of
 * ports, or -EBUSY, where a driver has it.
 */
void *iomrs_b_claim_bar(u32 domain, u32 bus, u32 devfn, u32 bar, u64 *phys, u64 *size, int *err)
{
	struct claim *claim = kzalloc(sizeof(*claim), GFP_KERNEL);

	*err = -ENOMEM;
	if (!claim)
		return NULL;
	*err = -ENODEV;
	claim->pdev = pci_get_domain_bus_and_slot(domain, bus, devfn);
	if (claim->pdev)
		*err = claim_bar(claim->pdev, bar);
	if (*err) {
		pci_dev_put(claim->pdev);
		kfree(claim);
		return NULL;
	}
	claim->bar = bar;
	*phys = pci_resource_start(claim->pdev, bar);
	*size = pci_resource_len(claim->pdev, bar);
	return claim;
}

/*
 * NULL with -EPERM, where the range is not all reserved memory (of the firmware's map or of memmap=), or -EBUSY, where
 * somebody has it.
 */
void *iomrs_b_claim_range(u64 phys, u64 size, int *err)
{
	struct claim *claim;

	*err = -EPERM;
	if (region_intersects(phys, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) != REGION_DISJOINT ||
	    region_intersects(phys, size, IORESOURCE_MEM, IORES_DESC_RESERVED) != REGION_INTERSECTS)
		return NULL;
	*err = -ENOMEM;
	claim = kzalloc(sizeof(*claim), GFP_KERNEL);
	if (!claim)
		return NULL;
	if (!request_mem_region(phys, size, NAME)) {
		*err = -EBUSY;
		kfree(claim);
		return NULL;
	}
	claim->phys = phys;
	claim->size = size;
	*err = 0;
	return claim;
}

void iomrs_b_release(void *data)
{
	struct claim *claim = data;

	if (claim->pdev) {
		pci_release_region(claim->pdev, claim->bar);
		pci_disable_device(claim->pdev);
		pci_dev_put(claim->pdev);
	} else {
		release_mem_region(claim->phys, claim->size);
	}
	kfree(claim);
}
