// SPDX-License-Identifier: GPL-2.0
/*
 * The right to overwrite a range: a BAR that no driver has, or reserved memory. See bench.h.
 */
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "bench.h"

#define NAME "io-mapping-bench"

struct claim {
	struct pci_dev *pdev;	/* whose BAR it is; NULL for a range of memory */
	int bar;
	bool requested;		/* we have the region of the BAR */
	int err;		/* why the driver is not bound */
	u64 phys, size;
};

/* The claim of a BAR, while the driver is registered. There is one at a time. */
static struct claim *wanted;

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	bool ports;
	int err;

	if (pdev != wanted->pdev)
		return -ENODEV;
	ports = pci_resource_flags(pdev, wanted->bar) & IORESOURCE_IO;
	err = ports ? pci_enable_device(pdev) : pci_enable_device_mem(pdev);
	if (err)
		goto out;
	err = pci_request_region(pdev, wanted->bar, NAME);
	if (err)
		pci_disable_device(pdev);
	wanted->requested = !err;
out:
	wanted->err = err;
	return err;
}

static void remove(struct pci_dev *pdev)
{
	if (wanted->requested)
		pci_release_region(pdev, wanted->bar);
	wanted->requested = false;
	pci_disable_device(pdev);
}

static struct pci_device_id ids[2];

/* Is bound to a device as long as its BAR is claimed, so that no other driver takes it. */
static struct pci_driver driver = {
	.name = NAME,
	.id_table = ids,
	.probe = probe,
	.remove = remove,
	.driver.suppress_bind_attrs = true,
	/* claim_bar() needs the result. */
	.driver.probe_type = PROBE_FORCE_SYNCHRONOUS,
};

static int claim_bar(struct claim *claim)
{
	struct pci_dev *pdev = claim->pdev;
	int err;

	if (claim->bar >= PCI_STD_NUM_BARS || !pci_resource_len(pdev, claim->bar))
		return -ENODEV;
	if (pdev->dev.driver)
		return -EBUSY;
	ids[0] = (struct pci_device_id){ PCI_DEVICE(pdev->vendor, pdev->device) };
	wanted = claim;
	claim->err = -EBUSY;
	err = pci_register_driver(&driver);
	if (err)
		return err;
	if (claim->err)
		pci_unregister_driver(&driver);
	return claim->err;
}

/*
 * Claims a BAR. Its range goes to @phys and @size, and whether that is of I/O ports to @ports. Returns NULL with an
 * errno in @err: -ENODEV where there is no such BAR, -EBUSY where a driver has it.
 */
void *iomrs_b_claim_bar(u32 domain, u32 bus, u32 devfn, u32 bar, u64 *phys, u64 *size, bool *ports, int *err)
{
	struct claim *claim = kzalloc_obj(*claim);

	*err = -ENOMEM;
	if (!claim)
		return NULL;
	*err = -ENODEV;
	claim->bar = bar;
	claim->pdev = pci_get_domain_bus_and_slot(domain, bus, devfn);
	if (claim->pdev)
		*err = claim_bar(claim);
	if (*err) {
		pci_dev_put(claim->pdev);
		kfree(claim);
		return NULL;
	}
	*phys = pci_resource_start(claim->pdev, bar);
	*size = pci_resource_len(claim->pdev, bar);
	*ports = pci_resource_flags(claim->pdev, bar) & IORESOURCE_IO;
	return claim;
}

/*
 * Claims memory. Returns NULL with an errno in @err: -EPERM where it is RAM or a part of it is not reserved (by the
 * firmware or by memmap=), -EBUSY where it is in use.
 */
void *iomrs_b_claim_range(u64 phys, u64 size, int *err)
{
	struct claim *claim;

	*err = -EPERM;
	if (region_intersects(phys, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) != REGION_DISJOINT ||
	    region_intersects(phys, size, IORESOURCE_MEM, IORES_DESC_RESERVED) != REGION_INTERSECTS)
		return NULL;
	*err = -ENOMEM;
	claim = kzalloc_obj(*claim);
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

/* Returns false where the device was removed, or its BAR could not be requested again. */
bool iomrs_b_is_held(void *data)
{
	struct claim *claim = data;
	bool held = true;

	if (claim->pdev) {
		device_lock(&claim->pdev->dev);
		held = claim->requested;
		device_unlock(&claim->pdev->dev);
	}
	return held;
}

/*
 * Releases the region of the BAR, so that a workload can request it. Returns the device, which stays locked and
 * therefore bound until iomrs_b_take_back(); NULL where it was removed.
 */
struct pci_dev *iomrs_b_lend(void *data, int *bar)
{
	struct claim *claim = data;

	device_lock(&claim->pdev->dev);
	if (!claim->requested) {
		device_unlock(&claim->pdev->dev);
		return NULL;
	}
	pci_release_region(claim->pdev, claim->bar);
	*bar = claim->bar;
	return claim->pdev;
}

void iomrs_b_take_back(void *data)
{
	struct claim *claim = data;

	claim->requested = !pci_request_region(claim->pdev, claim->bar, NAME);
	device_unlock(&claim->pdev->dev);
}

void iomrs_b_release(void *data)
{
	struct claim *claim = data;

	if (claim->pdev) {
		pci_unregister_driver(&driver);
		pci_dev_put(claim->pdev);
	} else {
		release_mem_region(claim->phys, claim->size);
	}
	kfree(claim);
}
