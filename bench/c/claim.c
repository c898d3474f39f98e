// SPDX-License-Identifier: GPL-2.0
/*
 * The right to overwrite a BAR that no driver has. See bench.h.
 */
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "bench.h"

#define NAME "io-mapping-bench"

struct claim {
	struct pci_dev *pdev;	/* whose BAR it is */
	int bar;
	int err;		/* why the driver is not bound */
	bool leaving;		/* the device is being removed, which waits for the job */
	struct mutex lock;	/* held by a job that uses the BAR */
	bool requested;		/* we have the region of the BAR; protected by @lock */
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
	struct claim *claim = wanted;

	WRITE_ONCE(claim->leaving, true);
	mutex_lock(&claim->lock);
	if (claim->requested)
		pci_release_region(pdev, claim->bar);
	claim->requested = false;
	mutex_unlock(&claim->lock);
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
	mutex_init(&claim->lock);
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
 * Begins a job that uses the BAR. The device stays bound until iomrs_b_end(). Returns false where it was removed, or
 * its BAR could not be requested again.
 */
bool iomrs_b_begin(void *data)
{
	struct claim *claim = data;

	mutex_lock(&claim->lock);
	if (claim->requested)
		return true;
	mutex_unlock(&claim->lock);
	return false;
}

/* Returns whether the job should end, as the removal of the device waits for it. Any task may ask. */
bool iomrs_b_is_leaving(void *data)
{
	struct claim *claim = data;

	return READ_ONCE(claim->leaving);
}

/* To be called by the task that called iomrs_b_begin(). */
void iomrs_b_end(void *data)
{
	struct claim *claim = data;

	mutex_unlock(&claim->lock);
}

/* During a job: releases the region of the BAR, so that a workload can request it. Returns the device. */
struct pci_dev *iomrs_b_lend(void *data, int *bar)
{
	struct claim *claim = data;

	pci_release_region(claim->pdev, claim->bar);
	*bar = claim->bar;
	return claim->pdev;
}

void iomrs_b_take_back(void *data)
{
	struct claim *claim = data;

	claim->requested = !pci_request_region(claim->pdev, claim->bar, NAME);
}

void iomrs_b_release(void *data)
{
	struct claim *claim = data;

	pci_unregister_driver(&driver);
	pci_dev_put(claim->pdev);
	kfree(claim);
}
