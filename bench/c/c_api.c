// SPDX-License-Identifier: GPL-2.0
/*
 * Our side, where it is the C API that is measured: what ranges.c and maps.c have, compiled with the library's header.
 * All that is called has the kernel's names. See bench.h.
 */
#include <linux/io-mapping.h>
#include <linux/slab.h>

#include "bench.h"
#include "timing.h"

DRIVER(c_api_driver);

TIMED_CALLS(c_api_ioremap_wc, void __iomem *, ioremap_wc(phys, size), iounmap)
TIMED_CALLS(c_api_create_wc, struct io_mapping *, io_mapping_create_wc(phys, size), io_mapping_free)

MAP_LOOP(c_api_map, {
	void __iomem *addr = io_mapping_map_wc(mapping, offset, PAGE_SIZE);

	USE(addr);
	io_mapping_unmap(addr);
})

MAP_LOOP(c_api_map_local, {
	void __iomem *addr = io_mapping_map_local_wc(mapping, offset);

	USE(addr);
	io_mapping_unmap_local(addr);
})

MAP_LOOP(c_api_map_atomic, {
	void __iomem *addr = io_mapping_map_atomic_wc(mapping, offset);

	USE(addr);
	io_mapping_unmap_atomic(addr);
})
