// SPDX-License-Identifier: GPL-2.0
/*
 * Exports what C drivers call. The functions are written in Rust, and declared in the header.
 */
#include <linux/export.h>

#include "../include/io_mapping_rs.h"

EXPORT_SYMBOL_GPL(iomrs_ioremap);
EXPORT_SYMBOL_GPL(iomrs_ioremap_prot);
EXPORT_SYMBOL_GPL(iomrs_iounmap);
EXPORT_SYMBOL_GPL(iomrs_pci_iomap);
EXPORT_SYMBOL_GPL(iomrs_pci_ioremap_bar);
EXPORT_SYMBOL_GPL(iomrs_pci_iounmap);
EXPORT_SYMBOL_GPL(iomrs_pcim_iomap);
EXPORT_SYMBOL_GPL(iomrs_pcim_iounmap);
EXPORT_SYMBOL_GPL(iomrs_pcim_iounmap_bar);
EXPORT_SYMBOL_GPL(iomrs_devm_ioremap);
EXPORT_SYMBOL_GPL(iomrs_devm_iounmap);
EXPORT_SYMBOL_GPL(iomrs_io_mapping_init_wc);
EXPORT_SYMBOL_GPL(iomrs_io_mapping_fini);
EXPORT_SYMBOL_GPL(iomrs_io_mapping_map_page);
EXPORT_SYMBOL_GPL(iomrs_io_mapping_unmap_page);
EXPORT_SYMBOL_GPL(iomrs_io_mapping_map_wc);
EXPORT_SYMBOL_GPL(iomrs_io_mapping_unmap);
