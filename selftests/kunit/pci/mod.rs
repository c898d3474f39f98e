// SPDX-License-Identifier: GPL-2.0

//! BARs of PCI devices.

mod bars;
mod pci_iomap;
