// SPDX-License-Identifier: GPL-2.0
/*
 * Single accesses to I/O ports: in C a call, too, where CONFIG_INDIRECT_PIO looks for who has the port.
 *
 * Exported: the Rust that calls these is inlined into the modules that use the library.
 */
#include <linux/io.h>

#define IOMRS_PORT(suffix, type)						\
type iomrs_in##suffix(unsigned long port)					\
{										\
	return in##suffix(port);						\
}										\
EXPORT_SYMBOL_GPL(iomrs_in##suffix);						\
										\
void iomrs_out##suffix(type value, unsigned long port)				\
{										\
	out##suffix(value, port);						\
}										\
EXPORT_SYMBOL_GPL(iomrs_out##suffix)

IOMRS_PORT(b, u8);
IOMRS_PORT(w, u16);
IOMRS_PORT(l, u32);
