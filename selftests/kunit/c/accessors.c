// SPDX-License-Identifier: GPL-2.0
/*
 * C's accessors of memory and ports. See selftests.h.
 *
 * An address is what ioremap(), ioport_map() or pci_iomap() gave: of ports it is C's cookie.
 */
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/ioport.h>
#include <linux/pci.h>

#include "selftests.h"

/* Those of accessors.rs. The relaxed ones take memory only. */
enum form {
	FORM_8, FORM_16, FORM_32, FORM_64,
	FORM_16_BE, FORM_32_BE, FORM_64_BE,
	FORM_64_LO_HI, FORM_64_HI_LO, FORM_64_BE_LO_HI, FORM_64_BE_HI_LO,
	FORM_8_RELAXED, FORM_16_RELAXED, FORM_32_RELAXED, FORM_64_RELAXED,
};

u64 iomrs_c_ioread(unsigned long addr, u32 form)
{
	const void __iomem *io = (const void __iomem *)addr;

	switch (form) {
	case FORM_8:
		return ioread8(io);
	case FORM_16:
		return ioread16(io);
	case FORM_32:
		return ioread32(io);
	case FORM_64:
		return ioread64(io);
	case FORM_16_BE:
		return ioread16be(io);
	case FORM_32_BE:
		return ioread32be(io);
	case FORM_64_BE:
		return ioread64be(io);
	case FORM_64_LO_HI:
		return __ioread64_lo_hi(io);
	case FORM_64_HI_LO:
		return __ioread64_hi_lo(io);
	case FORM_64_BE_LO_HI:
		return __ioread64be_lo_hi(io);
	case FORM_64_BE_HI_LO:
		return __ioread64be_hi_lo(io);
	case FORM_8_RELAXED:
		return readb_relaxed(io);
	case FORM_16_RELAXED:
		return readw_relaxed(io);
	case FORM_32_RELAXED:
		return readl_relaxed(io);
	case FORM_64_RELAXED:
		return readq_relaxed(io);
	}
	return 0;
}

void iomrs_c_iowrite(unsigned long addr, u32 form, u64 value)
{
	void __iomem *io = (void __iomem *)addr;

	switch (form) {
	case FORM_8:
		return iowrite8(value, io);
	case FORM_16:
		return iowrite16(value, io);
	case FORM_32:
		return iowrite32(value, io);
	case FORM_64:
		return iowrite64(value, io);
	case FORM_16_BE:
		return iowrite16be(value, io);
	case FORM_32_BE:
		return iowrite32be(value, io);
	case FORM_64_BE:
		return iowrite64be(value, io);
	case FORM_64_LO_HI:
		return __iowrite64_lo_hi(value, io);
	case FORM_64_HI_LO:
		return __iowrite64_hi_lo(value, io);
	case FORM_64_BE_LO_HI:
		return __iowrite64be_lo_hi(value, io);
	case FORM_64_BE_HI_LO:
		return __iowrite64be_hi_lo(value, io);
	case FORM_8_RELAXED:
		return writeb_relaxed(value, io);
	case FORM_16_RELAXED:
		return writew_relaxed(value, io);
	case FORM_32_RELAXED:
		return writel_relaxed(value, io);
	case FORM_64_RELAXED:
		return writeq_relaxed(value, io);
	}
}

/* @count values of @width bytes. C has no such form of 64 bits. */
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

/* 0 where C has refused. There is nothing to undo. */
unsigned long iomrs_c_ioport_map(unsigned long port, u32 count)
{
	return (unsigned long)ioport_map(port, count);
}

/* Without a cookie. */
u8 iomrs_c_inb(u16 port)
{
	return inb(port);
}

/* The right to ports that no device of ours has. */
bool iomrs_c_request_region(u64 first, u64 count)
{
	return request_region(first, count, "iomrs-test");
}

void iomrs_c_release_region(u64 first, u64 count)
{
	release_region(first, count);
}

unsigned long iomrs_c_pci_iomap(struct pci_dev *pdev, int bar, unsigned long offset, unsigned long maxlen, bool wc)
{
	return (unsigned long)(wc ? pci_iomap_wc_range(pdev, bar, offset, maxlen) :
			       pci_iomap_range(pdev, bar, offset, maxlen));
}

void iomrs_c_pci_iounmap(struct pci_dev *pdev, unsigned long addr)
{
	pci_iounmap(pdev, (void __iomem *)addr);
}

/* Lets the device answer at its BARs, or not. */
void iomrs_c_pci_set_decode(struct pci_dev *pdev, bool decode)
{
	const u16 bits = PCI_COMMAND_MEMORY | PCI_COMMAND_IO;
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	pci_write_config_word(pdev, PCI_COMMAND, decode ? command | bits : command & ~bits);
}

/* Makes of @bar one that the kernel has found no place for, as pci_reassign_resource() leaves it; returns where it was. */
u64 iomrs_c_pci_unassign(struct pci_dev *pdev, u32 bar)
{
	struct resource *res = pci_resource_n(pdev, bar);
	u64 start = res->start;

	res->flags |= IORESOURCE_UNSET;
	res->end -= start;
	res->start = 0;
	return start;
}

void iomrs_c_pci_assign(struct pci_dev *pdev, u32 bar, u64 start)
{
	struct resource *res = pci_resource_n(pdev, bar);

	res->start = start;
	res->end += start;
	res->flags &= ~IORESOURCE_UNSET;
}
