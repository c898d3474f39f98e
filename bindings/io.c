// SPDX-License-Identifier: GPL-2.0
/*
 * Copies, strings of values from and to ports, and ports, which are static inlines or macros.
 *
 * Exported, as they are called from what the compiler inlines into a driver.
 */
#include <linux/cc_platform.h>
#include <linux/export.h>
#include <linux/kmsan-checks.h>

#include "shims.h"

/*
 * Whether a copy is what C's memcpy_fromio() and memcpy_toio() do by one "rep movsl": then it is done here, by the same
 * accesses, without their tests for bytes before and after.
 */
static __always_inline bool iomrs_is_words(const volatile void __iomem *io, size_t size)
{
	return IS_ENABLED(CONFIG_X86_64) && likely(!(((unsigned long)io | size) % sizeof(u32))) &&
	       !cc_platform_has(CC_ATTR_GUEST_UNROLL_STRING_IO);
}

static __always_inline void iomrs_copy_words(void *to, const void *from, size_t count)
{
#ifdef CONFIG_X86_64
	asm volatile("rep movsl" : "+D" (to), "+S" (from), "+c" (count) : : "memory");
#endif
}

void iomrs_memcpy_fromio(void *data, const void __iomem *io, size_t size)
{
	if (!iomrs_is_words(io, size))
		return memcpy_fromio(data, io, size);
	iomrs_copy_words(data, (const void __force *)io, size / sizeof(u32));
	kmsan_unpoison_memory(data, size);
}
EXPORT_SYMBOL_GPL(iomrs_memcpy_fromio);

void iomrs_memcpy_toio(void __iomem *io, const void *data, size_t size)
{
	if (!iomrs_is_words(io, size))
		return memcpy_toio(io, data, size);
	kmsan_check_memory(data, size);
	iomrs_copy_words((void __force *)io, data, size / sizeof(u32));
}
EXPORT_SYMBOL_GPL(iomrs_memcpy_toio);

unsigned long iomrs_port_limit(void)
{
	return IO_SPACE_LIMIT;
}

/* The most values that one call of insl() and its like is given: but on x86 their count is an unsigned int. */
#define IOMRS_PORT_STRING	(IS_ENABLED(CONFIG_X86) ? ULONG_MAX : SZ_1G)

/* On x86-64 one port is a matter of one instruction: bindings/ports.rs. */
#ifdef CONFIG_X86_64
#define IOMRS_PORT(suffix, type)
#else
#define IOMRS_PORT(suffix, type)									\
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
EXPORT_SYMBOL_GPL(iomrs_out##suffix);
#endif

/*
 * Strings have their arguments in the order in which x86 has them in registers: destination, source, port, count.
 */
#define IOMRS_PORTS(suffix, type)									\
IOMRS_PORT(suffix, type)										\
void iomrs_ins##suffix(type *data, const type *none, unsigned long port, unsigned long count)				\
{													\
	for (; count > IOMRS_PORT_STRING; data += IOMRS_PORT_STRING, count -= IOMRS_PORT_STRING)	\
		ins##suffix(port, data, IOMRS_PORT_STRING);						\
	ins##suffix(port, data, count);									\
}													\
EXPORT_SYMBOL_GPL(iomrs_ins##suffix);									\
													\
void iomrs_outs##suffix(type *none, const type *data, unsigned long port, unsigned long count)			\
{													\
	for (; count > IOMRS_PORT_STRING; data += IOMRS_PORT_STRING, count -= IOMRS_PORT_STRING)	\
		outs##suffix(port, data, IOMRS_PORT_STRING);						\
	outs##suffix(port, data, count);								\
}													\
EXPORT_SYMBOL_GPL(iomrs_outs##suffix)

IOMRS_PORTS(b, u8);
IOMRS_PORTS(w, u16);
IOMRS_PORTS(l, u32);
