// SPDX-License-Identifier: GPL-2.0

//! Tests for any kernel, also one without KUnit: a PCI driver that runs them when it is bound to a
//! device, and writes the results to the kernel log as KTAP.
//!
//! ```text
//! refusals.rs  QEMU's ivshmem: requests that the library must refuse
//! leaks.rs     QEMU's ivshmem: what is leaked, with leak=1 in place of the former
//! modes.rs     QEMU's ivshmem: memory that stays mapped, with modes=1 in place of the former
//! testdev.rs   QEMU's pci-testdev: BARs of memory and of I/O ports through the same code
//! ```

// Addresses and sizes of resources are `u32` on some machines: what converts them is not useless.
#![allow(clippy::useless_conversion)]

use io_mapping_rs::pci::{enable_device, Enabled};
use kernel::{
    device::Core,
    device_id::IdArray,
    fmt,
    pci,
    prelude::*, //
};

mod leaks;
mod modes;
mod refusals;
mod testdev;
use modes::Modes;

/// The results of the tests on one device.
struct Report {
    /// How many results there are already.
    count: usize,
}

impl Report {
    /// Begins with the number of results that will follow.
    fn new(planned: usize) -> Self {
        pr_info!("KTAP version 1\n");
        pr_info!("1..{planned}\n");
        Self { count: 0 }
    }

    fn result(&mut self, passed: bool, name: &str, details: fmt::Arguments<'_>) {
        self.count += 1;
        let not = if passed { "" } else { "not " };
        pr_info!("{not}ok {} {name} # {details}\n", self.count);
    }

    /// `result` must be the error `expected`.
    fn refusal(&mut self, name: &str, expected: Error, result: Result) {
        let error = result.err();
        let found = error.map_or("accepted", errno_name);
        if error == Some(expected) {
            self.result(true, name, fmt!("{found}"));
        } else {
            self.result(false, name, fmt!("{found}, not {}", errno_name(expected)));
        }
    }
}

/// Returns the name of an errno. (The kernel's own table is there with `CONFIG_SYMBOLIC_ERRNAME`
/// only.)
fn errno_name(err: Error) -> &'static str {
    let names = [
        (EINVAL, "EINVAL"),
        (ERANGE, "ERANGE"),
        (EPERM, "EPERM"),
        (EBUSY, "EBUSY"),
        (ENODEV, "ENODEV"),
        (ENOMEM, "ENOMEM"),
    ];
    let found = names.into_iter().find(|&(known, _)| known == err);
    found.map_or("another errno", |(_, name)| name)
}

/// The devices that there are tests for.
enum Tested {
    Ivshmem,
    Testdev,
}

struct TestDriver;

/// What stays until the driver is unbound.
struct Kept<'a> {
    // Dropped in this order.
    _modes: Modes<'a>,
    _enabled: Enabled<'a>,
}

// `pci_device_table!` would also let udev load this module, for devices that have a driver already.
static PCI_TABLE: IdArray<pci::DeviceId, Tested, 2> = IdArray::new([
    (
        pci::DeviceId::from_id(pci::Vendor::REDHAT_QUMRANET, 0x1110),
        &Tested::Ivshmem,
    ),
    (
        pci::DeviceId::from_id(pci::Vendor::REDHAT, 0x5),
        &Tested::Testdev,
    ),
]);

impl pci::Driver for TestDriver {
    type IdInfo = Tested;
    type Data<'bound> = Option<Kept<'bound>>;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Option<Kept<'bound>>, Error> + 'bound {
        let _enabled = enable_device(pdev)?;
        match info.ok_or(ENODEV)? {
            Tested::Ivshmem if module_parameters::leak.value() != 0 => leaks::leak(pdev)?,
            Tested::Ivshmem if module_parameters::modes.value() != 0 => {
                return Ok(Some(Kept {
                    _modes: Modes::new(pdev)?,
                    _enabled,
                }))
            }
            Tested::Ivshmem => refusals::run(pdev)?,
            Tested::Testdev => testdev::run(pdev)?,
        }
        Ok(None)
    }
}

kernel::module_pci_driver! {
    type: TestDriver,
    name: "io_mapping_tests",
    authors: ["The io-mapping-rs authors"],
    description: "Tests of io_mapping_rs that need no KUnit",
    license: "GPL",
    params: {
        leak: u32 {
            default: 0,
            description: "1: leak a BAR and a file in debugfs, and do nothing else with ivshmem",
        },
        modes: u32 {
            default: 0,
            description: "1: map the memory of ivshmem in every mode until unbound, and do nothing else with it",
        },
    },
}
