// SPDX-License-Identifier: GPL-2.0
/*
 * I/O ports: what C's accessors take for one, and strings of values from and to one. The arguments of the latter stand
 * in the order in which x86 has them in registers: destination, source, port, count. They are exported: the Rust that
 * calls these is inlined into the modules that use the library.
 */
#include <linux/io.h>

#define IOMRS_PORT_STRINGS(suffix, type)								\
void iomrs_ins##suffix(type *data, const type *none, unsigned long port, unsigned long count)		\
{													\
	ins##suffix(port, data, count);									\
}													\
EXPORT_SYMBOL_GPL(iomrs_ins##suffix);									\
													\
void iomrs_outs##suffix(type *none, const type *data, unsigned long port, unsigned long count)		\
{													\
	outs##suffix(port, data, count);								\
}													\
EXPORT_SYMBOL_GPL(iomrs_outs##suffix)

IOMRS_PORT_STRINGS(b, u8);
IOMRS_PORT_STRINGS(w, u16);
IOMRS_PORT_STRINGS(l, u32);

void __iomem *iomrs_ioport_map(unsigned long port, u32 count)
{
	return ioport_map(port, count);
}
