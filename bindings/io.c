// SPDX-License-Identifier: GPL-2.0
/*
 * Accessors that are static inlines or macros: strings of values from and to memory, and ports.
 *
 * Exported, as they are called from what the compiler inlines into a driver.
 */
#include <linux/export.h>

#include "shims.h"

/*
 * C's readsl() and its like take the count as an unsigned int, and mmio_insl() as an int.
 */
#define IOMRS_MEMORY_STRINGS(suffix, type)								\
void iomrs_reads##suffix(const void __iomem *io, type *data, unsigned long count)			\
{													\
	for (const type *end = data + count; data != end; data++)					\
		*data = __raw_read##suffix(io);							\
}													\
EXPORT_SYMBOL_GPL(iomrs_reads##suffix);									\
													\
void iomrs_writes##suffix(void __iomem *io, const type *data, unsigned long count)			\
{													\
	for (const type *end = data + count; data != end; data++)					\
		__raw_write##suffix(*data, io);							\
}													\
EXPORT_SYMBOL_GPL(iomrs_writes##suffix)

IOMRS_MEMORY_STRINGS(b, u8);
IOMRS_MEMORY_STRINGS(w, u16);
IOMRS_MEMORY_STRINGS(l, u32);
#ifdef CONFIG_64BIT
IOMRS_MEMORY_STRINGS(q, u64);
#endif

unsigned long iomrs_port_limit(void)
{
	return IO_SPACE_LIMIT;
}

/* The most values that one call of insl() and its like is given: their count is an unsigned int. */
#define IOMRS_PORT_STRING	SZ_1G

#define IOMRS_PORTS(suffix, type)									\
type iomrs_in##suffix(unsigned long port)								\
{													\
	return in##suffix(port);									\
}													\
EXPORT_SYMBOL_GPL(iomrs_in##suffix);									\
													\
void iomrs_out##suffix(type value, unsigned long port)							\
{													\
	out##suffix(value, port);									\
}													\
EXPORT_SYMBOL_GPL(iomrs_out##suffix);									\
													\
void iomrs_ins##suffix(unsigned long port, type *data, unsigned long count)				\
{													\
	for (; count > IOMRS_PORT_STRING; data += IOMRS_PORT_STRING, count -= IOMRS_PORT_STRING)	\
		ins##suffix(port, data, IOMRS_PORT_STRING);						\
	ins##suffix(port, data, count);									\
}													\
EXPORT_SYMBOL_GPL(iomrs_ins##suffix);									\
													\
void iomrs_outs##suffix(unsigned long port, const type *data, unsigned long count)			\
{													\
	for (; count > IOMRS_PORT_STRING; data += IOMRS_PORT_STRING, count -= IOMRS_PORT_STRING)	\
		outs##suffix(port, data, IOMRS_PORT_STRING);						\
	outs##suffix(port, data, count);								\
}													\
EXPORT_SYMBOL_GPL(iomrs_outs##suffix)

IOMRS_PORTS(b, u8);
IOMRS_PORTS(w, u16);
IOMRS_PORTS(l, u32);
