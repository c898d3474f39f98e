// SPDX-License-Identifier: GPL-2.0
/*
 * The devices that the tests use, bound to a driver that does nothing, so that tests may take their BARs. See selftests.h.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "selftests.h"

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(0x1af4, 0x1110) },	/* ivshmem: BAR 2 is memory that reads back */
	{ PCI_DEVICE(0x1b36, 0x0005) },	/* pci-testdev: BAR 1 is ports */
	{ }
};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return pcim_enable_device(pdev);
}

static struct pci_driver driver = {
	.name = "iomrs-selftests",
	.id_table = ids,
	.probe = probe,
};

int iomrs_c_pci_register(void)
{
	return pci_register_driver(&driver);
}

void iomrs_c_pci_unregister(void)
{
	pci_unregister_driver(&driver);
}

/* A device that is bound to us, NULL where there is none or another driver has it. */
struct pci_dev *iomrs_c_pci_get(u32 vendor, u32 device)
{
	struct pci_dev *pdev = pci_get_device(vendor, device, NULL);

	if (pdev && pdev->dev.driver != &driver.driver) {
		pci_dev_put(pdev);
		return NULL;
	}
	return pdev;
}

void iomrs_c_pci_put(struct pci_dev *pdev)
{
	pci_dev_put(pdev);
}

/* Where BAR @bar begins, and how long it is. */
u64 iomrs_c_pci_bar(struct pci_dev *pdev, u32 bar, u64 *size)
{
	*size = pci_resource_len(pdev, bar);
	return pci_resource_start(pdev, bar);
}

/* Takes the device from our driver, or gives it back. */
int iomrs_c_pci_set_bound(struct pci_dev *pdev, bool bind)
{
	if (bind)
		return device_attach(&pdev->dev);
	device_release_driver(&pdev->dev);
	return 0;
}
