// SPDX-License-Identifier: GPL-2.0
/*
 * A C driver that makes mistakes of which C says nothing, one in each line that has a comment. docs/c-drivers.md has
 * what the library says of them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": %s: " fmt, __func__
#define DEBUG

#include <linux/io-mapping.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

/* Returns the register BAR of QEMU's VGA card, which no driver has here. */
static resource_size_t find_registers(void)
{
	struct pci_dev *pdev = pci_get_device(0x1234, 0x1111, NULL);
	resource_size_t start;

	if (!pdev)
		return 0;
	start = pci_resource_start(pdev, 2);
	pci_dev_put(pdev);
	return start;
}

static noinline void unmap_badly(resource_size_t phys)
{
	void __iomem *addr = ioremap(phys, PAGE_SIZE);

	iounmap(addr);
	iounmap(addr); /* twice */
	barrier();
}

static noinline void map_badly(resource_size_t phys)
{
	struct io_mapping mapping;
	void __iomem *addr;

	if (!io_mapping_init_wc(&mapping, phys, PAGE_SIZE))
		return;
	addr = io_mapping_map_wc(&mapping, 2 * PAGE_SIZE, 4); /* outside */
	addr = io_mapping_map_local_wc(&mapping, 0);
	io_mapping_unmap_local(addr);
	io_mapping_unmap_local(addr); /* twice */
	addr = io_mapping_map_wc(&mapping, 0, 4);
	io_mapping_fini(&mapping); /* while a part is mapped */
	io_mapping_unmap(addr);
	io_mapping_unmap_local(addr); /* of what is no page */
	io_mapping_map_local_wc(&mapping, 0); /* after the end */
	barrier();
}

static int __init mistaken_init(void)
{
	resource_size_t phys = find_registers();

	if (!phys)
		return -ENODEV;
	pr_debug("here they are\n");
	unmap_badly(phys);
	map_badly(phys);
	return 0;
}
module_init(mistaken_init);

static void __exit mistaken_exit(void)
{
}
module_exit(mistaken_exit);

MODULE_DESCRIPTION("A C driver that makes mistakes");
MODULE_LICENSE("GPL");
