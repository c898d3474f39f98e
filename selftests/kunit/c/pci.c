// SPDX-License-Identifier: GPL-2.0
/*
 * The devices that the tests use: see selftests.h. They are bound to a driver that does nothing, so that tests may use
 * their BARs.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "selftests.h"

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(0x1af4, 0x1110) },	/* ivshmem: BAR 2 is memory that reads back */
	{ PCI_DEVICE(0x1b36, 0x0005) },	/* pci-testdev: BAR 1 is ports */
	{ PCI_DEVICE(0x1b36, 0x0010) },	/* nvme: BAR 0 has the MSI-X table */
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

/* Returns a device that is bound to our driver, or NULL where there is none or another driver has it. */
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

/* Returns where BAR @bar begins. @size becomes its size. */
u64 iomrs_c_pci_bar(struct pci_dev *pdev, u32 bar, u64 *size)
{
	*size = pci_resource_len(pdev, bar);
	return pci_resource_start(pdev, bar);
}

/* Binds the device to our driver, or unbinds it. */
int iomrs_c_pci_set_bound(struct pci_dev *pdev, bool bind)
{
	if (bind)
		return device_attach(&pdev->dev);
	device_release_driver(&pdev->dev);
	return 0;
}

unsigned long iomrs_c_pci_iomap(struct pci_dev *pdev, int bar, unsigned long offset, unsigned long maxlen, bool wc)
{
	return (unsigned long)(wc ? pci_iomap_wc_range(pdev, bar, offset, maxlen) :
			       pci_iomap_range(pdev, bar, offset, maxlen));
}

void iomrs_c_pci_iounmap(struct pci_dev *pdev, unsigned long addr)
{
	pci_iounmap(pdev, (void __iomem *)addr);
}

/* Turns on or off that the device answers at its BARs. */
void iomrs_c_pci_set_decode(struct pci_dev *pdev, bool decode)
{
	const u16 bits = PCI_COMMAND_MEMORY | PCI_COMMAND_IO;
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	pci_write_config_word(pdev, PCI_COMMAND, decode ? command | bits : command & ~bits);
}

/* Has the kernel map the MSI-X table, as a driver does that asks for an interrupt, or unmap it. */
int iomrs_c_pci_set_msix(struct pci_dev *pdev, bool on)
{
	if (on)
		return pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSIX);
	pci_free_irq_vectors(pdev);
	return 0;
}

/* Makes @bar one that has no addresses, as pci_reassign_resource() does. Returns where it was. */
u64 iomrs_c_pci_unassign(struct pci_dev *pdev, u32 bar)
{
	struct resource *res = pci_resource_n(pdev, bar);
	u64 start = res->start;

	res->flags |= IORESOURCE_UNSET;
	res->end -= start;
	res->start = 0;
	return start;
}

/* Undoes iomrs_c_pci_unassign(). */
void iomrs_c_pci_assign(struct pci_dev *pdev, u32 bar, u64 start)
{
	struct resource *res = pci_resource_n(pdev, bar);

	res->start = start;
	res->end += start;
	res->flags &= ~IORESOURCE_UNSET;
}
