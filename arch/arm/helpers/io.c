// SPDX-License-Identifier: GPL-2.0
#include <linux/build_bug.h>
#include <linux/io.h>

/* What ports.rs takes them for. */
static_assert(PCI_IO_VIRT_BASE == 0xfee00000);
static_assert(IO_SPACE_LIMIT == 0xfffff);

void iomrs_memcpy_fromio(void *to, const void *from, unsigned long count)
{
	memcpy_fromio(to, (const void __iomem *)from, count);
}
EXPORT_SYMBOL_GPL(iomrs_memcpy_fromio);

void iomrs_memcpy_toio(void *to, const void *from, unsigned long count)
{
	memcpy_toio((void __iomem *)to, from, count);
}
EXPORT_SYMBOL_GPL(iomrs_memcpy_toio);

void iomrs_memset_io(void *to, int value, unsigned long count)
{
	memset_io((void __iomem *)to, value, count);
}
EXPORT_SYMBOL_GPL(iomrs_memset_io);
