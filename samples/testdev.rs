// SPDX-License-Identifier: GPL-2.0

//! A second driver, for QEMU's pci-testdev: BAR 0 is memory, BAR 1 is I/O ports, and the same test
//! works on both. It is written once, on a region that is either.
//!
//! In debugfs, `io_mapping_sample/testdev-ADDRESS/run` works the test each time it is read.
//!
//! Specification: `docs/specs/pci-testdev.rst` in QEMU.

use crate::registry;
use io_mapping_rs::{
    debugfs::files::{Directory, Text, TextFile, TextFiles},
    pci::{enable_device, Bar, DevresIoBar, IoBar, PortBar, WcBar},
    IoRegion,
};
use kernel::{
    device::Core,
    fmt::Write,
    io::{register, Io},
    pci,
    prelude::*,
    str::CString,
};

/// What `/proc/iomem` and `/proc/ioports` show.
const NAME: &CStr = c"io_mapping_sample";
/// The BAR of memory.
const MEMORY: u32 = 0;
/// The BAR of ports.
const PORTS: u32 = 1;
/// How often the device is written to in a test.
const WRITES: u32 = 1000;

register! {
    /// Selects a test and starts it.
    TEST(u8) @ 0x0 {
        7:0 number;
    }

    /// How wide, in bytes, the accesses of this test are.
    WIDTH(u8) @ 0x1 {
        7:0 bytes;
    }

    /// Where this test wants to be written to.
    OFFSET(u32) @ 0x4 {
        31:0 offset;
    }

    /// What it wants to be written.
    DATA(u8) @ 0x8 {
        7:0 byte;
    }

    /// How often the device has seen that since the test was started.
    COUNT(u32) @ 0xc {
        31:0 count;
    }
}

/// Where the name of the test begins, which ends in a zero.
const TEST_NAME: usize = 0x10;
/// The number of the test that counts writes, and no more.
const COUNT_WRITES: u8 = 0;

/// The name of the test that was started.
fn test_name(region: &IoRegion) -> Result<CString> {
    let mut name = [0u8; 32];
    for (byte, offset) in name.iter_mut().zip(TEST_NAME..) {
        *byte = region.try_read8(offset)?;
    }
    let name = CStr::from_bytes_until_nul(&name).map_err(|_| EIO)?;
    Ok(CString::try_from(name)?)
}

/// Starts the test, writes what it wants to where it wants it, and says what the device counted.
fn run(region: &IoRegion, out: &mut Text) -> Result {
    let kind = if region.ports().is_some() {
        "ports"
    } else {
        "memory"
    };
    region.try_write_reg(TEST::zeroed().with_number(COUNT_WRITES))?;
    let name = test_name(region)?;
    let offset = usize::try_from(region.try_read(OFFSET)?.into_raw())?;
    let data = region.try_read(DATA)?.into_raw();
    if region.try_read(WIDTH)?.into_raw() != 1 {
        return Err(EIO);
    }
    for _ in 0..WRITES {
        region.try_write8(data, offset)?;
    }
    let count = region.try_read(COUNT)?.into_raw();
    let name = name.to_str()?;
    writeln!(
        out,
        "kind={kind} test={name} offset={offset:#x} data={data:#x} writes={WRITES} count={count}"
    )?;
    Ok(())
}

/// What the file shows.
struct Bars {
    memory: DevresIoBar,
    ports: DevresIoBar,
}

struct Run;

#[vtable]
impl TextFile<Bars> for Run {
    const NAME: &'static CStr = c"run";

    fn show(bars: &Bars, out: &mut Text) -> Result {
        for bar in [&bars.memory, &bars.ports] {
            let bar = bar.try_access().ok_or(ENODEV)?;
            run(&bar, out)?;
        }
        Ok(())
    }
}

/// The driver.
pub(crate) struct TestdevDriver;

/// What lives for as long as a device is bound.
pub(crate) struct Instance {
    _files: TextFiles<Bars>,
}

kernel::pci_device_table!(
    PCI_TABLE,
    <TestdevDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_id(pci::Vendor::REDHAT, 0x5), ())]
);

impl pci::Driver for TestdevDriver {
    type IdInfo = ();
    type Data<'bound> = Instance;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Instance, Error> + 'bound {
        enable_device(pdev)?;
        // The type follows the BAR: what is wrong is refused, and listed with the other refusals.
        registry::note(
            "ports as memory",
            Bar::iomap(pdev, PORTS, 0, NAME).map(drop),
        )?;
        registry::note(
            "ports, write combining",
            WcBar::iomap(pdev, PORTS, 0, NAME).map(drop),
        )?;
        registry::note(
            "memory as ports",
            PortBar::iomap(pdev, MEMORY, 0, NAME).map(drop),
        )?;
        let bars = Bars {
            memory: IoBar::iomap(pdev, MEMORY, 0, NAME)?.into_devres()?,
            ports: IoBar::iomap(pdev, PORTS, 0, NAME)?.into_devres()?,
        };
        let name = CString::try_from_fmt(fmt!("testdev-{}", pdev.as_ref().name().to_str()?))?;
        let files = TextFiles::new(Directory::new(&name, Some(registry::directory()?)), bars)?;
        files.add::<Run>();
        Ok(Instance { _files: files })
    }
}
