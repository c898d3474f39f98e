// SPDX-License-Identifier: GPL-2.0

//! A PCI driver that uses the `io_mapping_rs` crate, to learn from.
//!
//! It drives QEMU's ivshmem device, which has registers in BAR 0 and memory shared with the host in
//! BAR 2. The memory becomes the character device `/dev/io_mapping_sampleN`.
//!
//! ```text
//! io_mapping_sample.rs  the PCI driver: what `probe()` does, and in what order
//! device.rs             the device: maps both BARs, reads and writes them
//! file.rs               read() and write() on the character device
//! debugfs.rs            /sys/kernel/debug/io_mapping_sampleN/interrupt_mask
//! node.rs               makes the character device: nothing in it is about mapping
//! ```
//!
//! Start with `device.rs`: all that a driver needs to know of the crate is there.

use io_mapping_rs::{
    debugfs::files::{Directory, TextFiles},
    pci::{enable_device_mem, Enabled},
    Strategy,
};
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

use device::Device;
use node::{Node, Number};

module! {
    type: Sample,
    name: "io_mapping_sample",
    authors: ["The io-mapping-rs authors"],
    description: "Sample driver of io_mapping_rs for QEMU's ivshmem",
    license: "GPL",
    params: {
        strategy: u32 {
            default: 0,
            description: "How the memory is mapped: 0 chosen by the library, 1 whole, 2 sparse",
        },
    },
}

/// Returns the strategy that the module parameter names.
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

#[pin_data]
struct Sample {
    #[pin]
    _driver: Registration<pci::Adapter<SampleDriver>>,
}

impl InPlaceModule for Sample {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            // A wrong parameter keeps the module from loading.
            _: { strategy()?; },
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

/// What the driver keeps for a bound device. When the driver is unbound, the fields are dropped in
/// this order, and after them the BARs. Files that are still open then keep only the [`Device`].
#[pin_data]
struct Instance<'bound> {
    _debugfs: TextFiles<Arc<Device>>,
    #[pin]
    _node: Node,
    _enabled: Enabled<'bound>,
}

impl pci::Driver for SampleDriver {
    type IdInfo = ();
    type Data<'bound> = Instance<'bound>;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Instance<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            let enabled = enable_device_mem(pdev)?;
            let device = Arc::new(Device::new(pdev, strategy()?)?, GFP_KERNEL)?;
            let number = Number::take()?;
            let name = number.name()?;
            let debugfs = TextFiles::new(Directory::new(&name, None), device.clone())?;
            debugfs.add::<debugfs::InterruptMask>();
            dev_info!(pdev, "BAR 2 is /dev/{}\n", name.to_str()?);
            Ok(try_pin_init!(Instance {
                _debugfs: debugfs,
                _node <- Node::new(name, number, device, pdev.as_ref()),
                _enabled: enabled,
            }))
        })
    }
}
