// SPDX-License-Identifier: GPL-2.0
/*
 * Single accesses to I/O ports that are a bus behind a chip: in C a call, too (CONFIG_INDIRECT_PIO). ports.rs accesses
 * the others, which are memory.
 *
 * Exported: the Rust that calls these is inlined into the modules that use the library.
 */
#include <linux/build_bug.h>
#include <linux/io.h>

/* What ports.rs takes it for. */
static_assert((u64)PCI_IOBASE == 0xffffffffc0800000);

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
