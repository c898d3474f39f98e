// SPDX-License-Identifier: GPL-2.0
/*
 * C's accessors of memory and ports: see selftests.h.
 *
 * An address is what ioremap(), ioport_map() or pci_iomap() has returned: for ports it is C's cookie.
 */
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/io-64-nonatomic-hi-lo.h>
#include <linux/ioport.h>
#include <linux/io.h>

#include "selftests.h"

/* support/accessors.rs has the same. The relaxed ones are for memory only. */
enum access {
	ACCESS_8, ACCESS_16, ACCESS_32, ACCESS_64,
	ACCESS_16_BE, ACCESS_32_BE, ACCESS_64_BE,
	ACCESS_64_LO_HI, ACCESS_64_HI_LO, ACCESS_64_BE_LO_HI, ACCESS_64_BE_HI_LO,
	ACCESS_8_RELAXED, ACCESS_16_RELAXED, ACCESS_32_RELAXED, ACCESS_64_RELAXED,
};

#ifndef CONFIG_64BIT
/* Where C has no accesses of 64 bits these have other names. */
#define __ioread64_lo_hi	ioread64_lo_hi
#define __ioread64_hi_lo	ioread64_hi_lo
#define __ioread64be_lo_hi	ioread64be_lo_hi
#define __ioread64be_hi_lo	ioread64be_hi_lo
#define __iowrite64_lo_hi	iowrite64_lo_hi
#define __iowrite64_hi_lo	iowrite64_hi_lo
#define __iowrite64be_lo_hi	iowrite64be_lo_hi
#define __iowrite64be_hi_lo	iowrite64be_hi_lo
#endif

u64 iomrs_c_ioread(unsigned long addr, u32 access)
{
	const void __iomem *io = (const void __iomem *)addr;

	switch (access) {
	case ACCESS_8:
		return ioread8(io);
	case ACCESS_16:
		return ioread16(io);
	case ACCESS_32:
		return ioread32(io);
	case ACCESS_64:
		return ioread64(io);
	case ACCESS_16_BE:
		return ioread16be(io);
	case ACCESS_32_BE:
		return ioread32be(io);
	case ACCESS_64_BE:
		return ioread64be(io);
	case ACCESS_64_LO_HI:
		return __ioread64_lo_hi(io);
	case ACCESS_64_HI_LO:
		return __ioread64_hi_lo(io);
	case ACCESS_64_BE_LO_HI:
		return __ioread64be_lo_hi(io);
	case ACCESS_64_BE_HI_LO:
		return __ioread64be_hi_lo(io);
	case ACCESS_8_RELAXED:
		return readb_relaxed(io);
	case ACCESS_16_RELAXED:
		return readw_relaxed(io);
	case ACCESS_32_RELAXED:
		return readl_relaxed(io);
	case ACCESS_64_RELAXED:
		return readq_relaxed(io);
	}
	return 0;
}

void iomrs_c_iowrite(unsigned long addr, u32 access, u64 value)
{
	void __iomem *io = (void __iomem *)addr;

	switch (access) {
	case ACCESS_8:
		return iowrite8(value, io);
	case ACCESS_16:
		return iowrite16(value, io);
	case ACCESS_32:
		return iowrite32(value, io);
	case ACCESS_64:
		return iowrite64(value, io);
	case ACCESS_16_BE:
		return iowrite16be(value, io);
	case ACCESS_32_BE:
		return iowrite32be(value, io);
	case ACCESS_64_BE:
		return iowrite64be(value, io);
	case ACCESS_64_LO_HI:
		return __iowrite64_lo_hi(value, io);
	case ACCESS_64_HI_LO:
		return __iowrite64_hi_lo(value, io);
	case ACCESS_64_BE_LO_HI:
		return __iowrite64be_lo_hi(value, io);
	case ACCESS_64_BE_HI_LO:
		return __iowrite64be_hi_lo(value, io);
	case ACCESS_8_RELAXED:
		return writeb_relaxed(value, io);
	case ACCESS_16_RELAXED:
		return writew_relaxed(value, io);
	case ACCESS_32_RELAXED:
		return writel_relaxed(value, io);
	case ACCESS_64_RELAXED:
		return writeq_relaxed(value, io);
	}
}

/* Reads @count values of @width bytes. C has no such accessor of 64 bits. */
void iomrs_c_ioread_rep(unsigned long addr, u32 width, void *data, unsigned long count)
{
	const void __iomem *io = (const void __iomem *)addr;

	switch (width) {
	case 1:
		return ioread8_rep(io, data, count);
	case 2:
		return ioread16_rep(io, data, count);
	case 4:
		return ioread32_rep(io, data, count);
	}
}

void iomrs_c_iowrite_rep(unsigned long addr, u32 width, const void *data, unsigned long count)
{
	void __iomem *io = (void __iomem *)addr;

	switch (width) {
	case 1:
		return iowrite8_rep(io, data, count);
	case 2:
		return iowrite16_rep(io, data, count);
	case 4:
		return iowrite32_rep(io, data, count);
	}
}

void iomrs_c_memcpy_fromio(void *data, unsigned long addr, unsigned long len)
{
	memcpy_fromio(data, (const void __iomem *)addr, len);
}

void iomrs_c_memcpy_toio(unsigned long addr, const void *data, unsigned long len)
{
	memcpy_toio((void __iomem *)addr, data, len);
}

void iomrs_c_memset_io(unsigned long addr, u8 byte, unsigned long len)
{
	memset_io((void __iomem *)addr, byte, len);
}

/* Returns 0 where C returns NULL. Nothing has to be undone. */
unsigned long iomrs_c_ioport_map(unsigned long port, u32 count)
{
	return (unsigned long)ioport_map(port, count);
}

/* Reads a port without a cookie. */
u8 iomrs_c_inb(u16 port)
{
	return inb(port);
}

/* Requests ports that belong to no device of the tests. */
bool iomrs_c_request_region(u64 first, u64 count)
{
	return request_region(first, count, "iomrs-test");
}

void iomrs_c_release_region(u64 first, u64 count)
{
	release_region(first, count);
}
