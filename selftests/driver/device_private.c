// SPDX-License-Identifier: GPL-2.0
/*
 * What the drivers of GPUs do that let the CPU's page table name memory which only the device can read: struct pages
 * for physical addresses that nobody has, taken from the last one downwards. See selftests/check.d/56-device-private.
 */
#include <linux/ioport.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>

#define SIZE	(128UL << 20)

static struct dev_pagemap pagemap;

static void free_folio(struct folio *folio)
{
}

static vm_fault_t migrate_to_ram(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct dev_pagemap_ops ops = {
	.folio_free	= free_folio,
	.migrate_to_ram	= migrate_to_ram,
};

static void release(void)
{
	release_mem_region(pagemap.range.start, SIZE);
}

static int __init device_private_init(void)
{
	struct resource *res = request_free_mem_region(&iomem_resource, SIZE, "io-mapping-device-private");
	void *pages;

	if (IS_ERR(res))
		return PTR_ERR(res);
	pagemap.type = MEMORY_DEVICE_PRIVATE;
	pagemap.range.start = res->start;
	pagemap.range.end = res->end;
	pagemap.nr_range = 1;
	pagemap.ops = &ops;
	pagemap.owner = &pagemap;
	pages = memremap_pages(&pagemap, NUMA_NO_NODE);
	if (IS_ERR(pages)) {
		release();
		return PTR_ERR(pages);
	}
	pr_info("struct pages up to %#llx\n", (u64)res->end);
	return 0;
}
module_init(device_private_init);

static void __exit device_private_exit(void)
{
	memunmap_pages(&pagemap);
	release();
}
module_exit(device_private_exit);

MODULE_DESCRIPTION("struct pages at the top of the physical address space");
MODULE_LICENSE("GPL");
