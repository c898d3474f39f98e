// SPDX-License-Identifier: GPL-2.0
/*
 * How large an aperture C's io_mapping_create_wc() makes of the memory from start= on, on a machine whose address
 * space for areas is small: it maps all of it, so that larger ones are NULL. See tools/guest/demo.sh.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io-mapping.h>
#include <linux/module.h>
#include <linux/sizes.h>

static unsigned long long start;
module_param(start, ullong, 0);
MODULE_PARM_DESC(start, "Physical address of memory of a device that no driver has");

static unsigned long size;
module_param(size, ulong, 0);
MODULE_PARM_DESC(size, "Bytes of it");

static int __init c_apertures_init(void)
{
	unsigned long bytes;

	for (bytes = SZ_16M; bytes && bytes <= size; bytes *= 2) {
		struct io_mapping *mapping = io_mapping_create_wc(start, bytes);

		pr_info("io_mapping_create_wc() of %lu MiB: %s\n", bytes / SZ_1M, mapping ? "mapped" : "NULL");
		if (mapping)
			io_mapping_free(mapping);
	}
	return 0;
}
module_init(c_apertures_init);

static void __exit c_apertures_exit(void)
{
}
module_exit(c_apertures_exit);

MODULE_DESCRIPTION("How large an aperture C makes");
MODULE_LICENSE("GPL");
