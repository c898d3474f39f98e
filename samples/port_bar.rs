// SPDX-License-Identifier: GPL-2.0

//! A driver for QEMU's pci-testdev, which has a BAR of I/O ports. It asks for that BAR as memory,
//! notes the refusal for `refusals`, and leaves the device to whoever else wants it.

use crate::registry;
use io_mapping_rs::pci::Bar;
use kernel::{device::Core, pci, prelude::*};

/// The BAR of ports.
const PORTS: u32 = 1;

/// The driver, which is never bound.
pub(crate) struct PortBarDriver;

kernel::pci_device_table!(
    PCI_TABLE,
    <PortBarDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_id(pci::Vendor::REDHAT, 0x5), ())]
);

impl pci::Driver for PortBarDriver {
    type IdInfo = ();
    type Data<'bound> = Self;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self, Error> + 'bound {
        let outcome = Bar::iomap(pdev, PORTS, 0, c"io_mapping_sample").map(|_| ());
        registry::note_port_bar(outcome)?;
        Err::<Self, _>(ENODEV)
    }
}
