/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before the kernel's lib/test_vmalloc.c: a kernel that has not been configured with it exports no function
 * that takes an alignment. The tests of alignment are left out.
 */
#include <linux/vmalloc.h>

static inline void *iomrs_vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node, const void *caller)
{
	return __vmalloc(size, gfp);
}

#undef __vmalloc_node
#define __vmalloc_node iomrs_vmalloc_node
