/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A part of io_mapping_rs.h: what it does by the kernel's functions for mappings that belong to a device.
 */
#ifndef IO_MAPPING_RS_DEVICES_H
#define IO_MAPPING_RS_DEVICES_H

static inline void __iomem *iomrs_devm_ioremap_resource(struct device *dev, const struct resource *res, u32 mode,
							const struct iomrs_site *site)
{
	void __iomem *addr = NULL;
	const char *name;

	if (!dev || iomrs_is_interrupt())
		/* It is reported. */
		return iomrs_devm_ioremap(dev, 0, 0, mode, site) ?: IOMEM_ERR_PTR(-EINVAL);
	if (!res || resource_type(res) != IORESOURCE_MEM)
		return IOMEM_ERR_PTR(dev_err_probe(dev, -EINVAL, "invalid resource %pR\n", res));
	name = devm_kasprintf(dev, GFP_KERNEL, "%s%s%s", dev_name(dev), res->name ? " " : "", res->name ?: "");
	if (!name)
		return IOMEM_ERR_PTR(dev_err_probe(dev, -ENOMEM, "no memory for the name of %pR\n", res));
	if (!devm_request_mem_region(dev, res->start, resource_size(res), name))
		return IOMEM_ERR_PTR(dev_err_probe(dev, -EBUSY, "can't request region for resource %pR\n", res));
	/* As in C: x86 has no ioremap_np(). */
	if (mode != _PAGE_CACHE_MODE_UC_MINUS || !(res->flags & IORESOURCE_MEM_NONPOSTED))
		addr = iomrs_devm_ioremap(dev, res->start, resource_size(res), mode, site);
	if (addr)
		return addr;
	devm_release_mem_region(dev, res->start, resource_size(res));
	return IOMEM_ERR_PTR(dev_err_probe(dev, -ENOMEM, "ioremap failed for resource %pR\n", res));
}

static inline void __iomem *iomrs_devm_platform(struct platform_device *pdev, unsigned int index, const char *name,
						struct resource **found, const struct iomrs_site *site)
{
	struct resource *res;

	if (!pdev)
		return iomrs_devm_ioremap_resource(NULL, NULL, _PAGE_CACHE_MODE_UC_MINUS, site);
	res = name ? platform_get_resource_byname(pdev, IORESOURCE_MEM, name) :
		     platform_get_resource(pdev, IORESOURCE_MEM, index);
	if (found)
		*found = res;
	return iomrs_devm_ioremap_resource(&pdev->dev, res, _PAGE_CACHE_MODE_UC_MINUS, site);
}

static inline void __iomem *iomrs_devm_of_iomap(struct device *dev, struct device_node *node, int index,
						resource_size_t *size, const struct iomrs_site *site)
{
	struct resource res;

	if (of_address_to_resource(node, index, &res))
		return IOMEM_ERR_PTR(-EINVAL);
	if (size)
		*size = resource_size(&res);
	return iomrs_devm_ioremap_resource(dev, &res, _PAGE_CACHE_MODE_UC_MINUS, site);
}

/* The table of a device is C's, which pcim_iomap_table() returns. */
static inline bool iomrs_pcim_note(struct pci_dev *pdev, int bar, void __iomem *addr)
{
	void __iomem **table = (void __iomem **)pcim_iomap_table(pdev);

	if (table)
		table[bar] = addr;
	return table;
}

static inline void __iomem *iomrs_pcim_iomap_whole(struct pci_dev *pdev, int bar, unsigned long max,
						   const struct iomrs_site *site)
{
	void __iomem *addr = iomrs_pcim_iomap(pdev, bar, 0, max, false, site);

	if (!addr || iomrs_pcim_note(pdev, bar, addr))
		return addr;
	iomrs_pcim_iounmap(pdev, addr, site);
	return NULL;
}

static inline void iomrs_pcim_unmap(struct pci_dev *pdev, void __iomem *addr, const struct iomrs_site *site)
{
	void __iomem * const *table;
	int bar;

	if (!iomrs_pcim_iounmap(pdev, addr, site))
		return;
	table = pcim_iomap_table(pdev);
	for (bar = 0; table && bar < PCI_STD_NUM_BARS; bar++)
		if (table[bar] == addr)
			iomrs_pcim_note(pdev, bar, NULL);
}

#define iomrs_has_ports(pdev, bar) (pci_resource_flags(pdev, bar) & IORESOURCE_IO)

static inline void iomrs_pcim_release(struct pci_dev *pdev, int bar)
{
	if (iomrs_has_ports(pdev, bar))
		devm_release_region(&pdev->dev, pci_resource_start(pdev, bar), pci_resource_len(pdev, bar));
	else
		devm_release_mem_region(&pdev->dev, pci_resource_start(pdev, bar), pci_resource_len(pdev, bar));
}

static inline void __iomem *iomrs_pcim_iomap_region(struct pci_dev *pdev, int bar, const char *name,
						    const struct iomrs_site *site)
{
	resource_size_t start, len;
	struct resource *region;
	void __iomem *addr;

	if (!pdev || iomrs_is_interrupt()) {
		/* It is reported. */
		iomrs_pcim_iomap(pdev, bar, 0, 0, true, site);
		return IOMEM_ERR_PTR(-EINVAL);
	}
	if (bar < 0 || bar >= PCI_STD_NUM_BARS || !pci_resource_len(pdev, bar))
		return IOMEM_ERR_PTR(-EINVAL);
	start = pci_resource_start(pdev, bar);
	len = pci_resource_len(pdev, bar);
	region = iomrs_has_ports(pdev, bar) ? devm_request_region(&pdev->dev, start, len, name) :
					      devm_request_mem_region(&pdev->dev, start, len, name);
	if (!region)
		return IOMEM_ERR_PTR(-EBUSY);
	addr = iomrs_pcim_iomap(pdev, bar, 0, 0, true, site);
	if (addr)
		return addr;
	iomrs_pcim_release(pdev, bar);
	return IOMEM_ERR_PTR(-EINVAL);
}

static inline void iomrs_pcim_iounmap_region(struct pci_dev *pdev, int bar, const struct iomrs_site *site)
{
	if (bar < 0 || bar >= PCI_STD_NUM_BARS)
		return;
	if ((pdev && iomrs_has_ports(pdev, bar)) || iomrs_pcim_iounmap_bar(pdev, bar, site))
		iomrs_pcim_release(pdev, bar);
}

static inline int iomrs_pcim_iomap_regions(struct pci_dev *pdev, int mask, const char *name,
					   const struct iomrs_site *site)
{
	void __iomem *addr;
	int bar, err;

	for (bar = 0; bar < DEVICE_COUNT_RESOURCE; bar++) {
		if (!(mask & BIT(bar)))
			continue;
		addr = iomrs_pcim_iomap_region(pdev, bar, name, site);
		err = PTR_ERR_OR_ZERO((__force void *)addr);
		if (!err && !iomrs_pcim_note(pdev, bar, addr)) {
			iomrs_pcim_iounmap_region(pdev, bar, site);
			err = -ENOMEM;
		}
		if (err)
			goto undo;
	}
	return 0;
undo:
	while (--bar >= 0) {
		if (!(mask & BIT(bar)))
			continue;
		iomrs_pcim_iounmap_region(pdev, bar, site);
		iomrs_pcim_note(pdev, bar, NULL);
	}
	return err;
}

#endif
