// SPDX-License-Identifier: GPL-2.0

//! A PCI driver that uses the `io_mapping_rs` crate as any driver would.
//!
//! It drives QEMU's ivshmem device: registers in BAR 0, memory shared with the host in BAR 2. The
//! registers are mapped for good, the memory piece by piece:
//!
//! ```text
//! io_mapping_sample.rs  the PCI driver: what is made when a device appears, and in what order
//! device.rs             the device: both BARs, and how to read and write them
//! regs.rs               the layout of BAR 0
//! file.rs               read() and write() on the memory, as on a block device
//! node.rs               /dev/io_mapping_sampleN: a misc device
//! debugfs.rs            /sys/kernel/debug/io_mapping_sample/N/
//! refusals.rs           requests that the library must refuse, and what came of each
//! testdev.rs            a second driver: memory and I/O ports by the same code
//! registry.rs           what all devices share: the numbers in use, the debugfs directory
//! ```
//!
//! Start with `device.rs`: it is all that a driver needs to know of the crate.

use io_mapping_rs::{debugfs::files::TextFiles, Strategy};
use kernel::{
    device::Core,
    driver::Registration,
    pci,
    prelude::*,
    sync::Arc,
    InPlaceModule,
    ModuleMetadata, //
};

mod debugfs;
mod device;
mod file;
mod node;
mod refusals;
mod registry;
mod regs;
mod testdev;

use debugfs::Shown;
use device::Device;
use node::Node;
use registry::{Number, Registry};
use testdev::TestdevDriver;

module! {
    type: Sample,
    name: "io_mapping_sample",
    authors: ["The io-mapping-rs authors"],
    description: "Sample driver of io_mapping_rs for QEMU's ivshmem",
    license: "GPL",
    params: {
        strategy: u32 {
            default: 0,
            description: "How the memory is mapped: 0 as suits the kernel, 1 whole, 2 sparse",
        },
    },
}

/// The strategy that the module parameter asks for.
fn strategy() -> Result<Strategy> {
    match module_parameters::strategy.value() {
        0 => Ok(Strategy::Auto),
        1 => Ok(Strategy::Whole),
        2 => Ok(Strategy::Sparse),
        other => {
            pr_err!("strategy={} is not 0, 1 or 2\n", other);
            Err(EINVAL)
        }
    }
}

/// The module. Dropped in this order: no device is left when the registry goes.
#[pin_data]
struct Sample {
    #[pin]
    _driver: Registration<pci::Adapter<SampleDriver>>,
    #[pin]
    _testdev: Registration<pci::Adapter<TestdevDriver>>,
    _registry: Registry,
}

impl InPlaceModule for Sample {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            _: { strategy()?; },
            // SAFETY: Called once, when the module is loaded, and before any driver is registered.
            _registry: unsafe { Registry::new()? },
            _testdev <- Registration::new(c"io_mapping_sample_testdev", module),
            _driver <- Registration::new(<Self as ModuleMetadata>::NAME, module),
        })
    }
}

struct SampleDriver;

kernel::pci_device_table!(
    PCI_TABLE,
    <SampleDriver as pci::Driver>::IdInfo,
    [(
        pci::DeviceId::from_id(pci::Vendor::REDHAT_QUMRANET, 0x1110),
        ()
    )]
);

/// What lives for as long as a device is bound. Dropped in this order, and before the BARs: first
/// nobody can open the node any more, then nobody can open a debugfs file, then the number is free.
#[pin_data]
struct Instance {
    #[pin]
    _node: Node<Device>,
    _files: TextFiles<Shown>,
    _number: Number,
}

impl pci::Driver for SampleDriver {
    type IdInfo = ();
    type Data<'bound> = Instance;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Instance, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            pdev.enable_device_mem()?;
            let device = Arc::new(Device::new(pdev, strategy()?)?, GFP_KERNEL)?;
            let number = Number::take()?;
            // SAFETY: The driver core drops the `Instance`, which holds the files, while `pdev` is
            // bound; if `probe` fails they are gone before it returns.
            let files = unsafe { debugfs::files(pdev, &device, &number)? };
            let node = Node::new(number.node_name()?, device, pdev.as_ref());
            dev_info!(pdev, "BAR 2 is /dev/io_mapping_sample{}\n", number.get());
            Ok(try_pin_init!(Instance {
                _node <- node,
                _files: files,
                _number: number,
            }))
        })
    }
}
