// SPDX-License-Identifier: GPL-2.0

//! QEMU's pci-testdev: BAR 0 is memory, BAR 1 is I/O ports, and the device counts what is written
//! to either. The test is written once, for a region that is memory or ports.
//!
//! Specification: `docs/specs/pci-testdev.rst` in QEMU.

use crate::Report;
use io_mapping_rs::{
    pci::{Bar, IoBar, PortBar, WcBar},
    IoRegion,
};
use kernel::{
    device::Bound,
    io::{register, Io},
    pci,
    prelude::*,
    str::CString, //
};

/// The name that `/proc/iomem` and `/proc/ioports` show.
const NAME: &CStr = c"io_mapping_tests";
/// The BAR of memory.
const MEMORY: u32 = 0;
/// The BAR of ports.
const PORTS: u32 = 1;
/// How often the test writes to the device.
const WRITES: u32 = 1000;

register! {
    /// Selects a test and starts it.
    TEST(u8) @ 0x0 {
        7:0 number;
    }

    /// How many bytes wide the accesses of this test are.
    WIDTH(u8) @ 0x1 {
        7:0 bytes;
    }

    /// Where the test expects writes.
    OFFSET(u32) @ 0x4 {
        31:0 offset;
    }

    /// The value that the test expects.
    DATA(u8) @ 0x8 {
        7:0 byte;
    }

    /// How many times the value was written since the test was started.
    COUNT(u32) @ 0xc {
        31:0 count;
    }
}

/// Offset of the name of the test, which ends in a zero.
const TEST_NAME: usize = 0x10;
/// The number of the test that counts writes and does nothing else.
const COUNT_WRITES: u8 = 0;

/// Runs the tests: what the device counts, and what each type of BAR refuses.
pub(crate) fn run(pdev: &pci::Device<Bound>) -> Result {
    let mut report = Report::new(5);
    let memory = Bar::iomap(pdev, PORTS, 0, NAME).map(drop);
    report.refusal("ports as memory", ENODEV, memory);
    let memory = WcBar::iomap(pdev, PORTS, 0, NAME).map(drop);
    report.refusal("ports as write-combining memory", ENODEV, memory);
    let ports = PortBar::iomap(pdev, MEMORY, 0, NAME).map(drop);
    report.refusal("memory as ports", ENODEV, ports);
    let memory = IoBar::iomap(pdev, MEMORY, 0, NAME)?;
    count_writes("pci-testdev, memory", &memory, &mut report)?;
    let ports = IoBar::iomap(pdev, PORTS, 0, NAME)?;
    count_writes("pci-testdev, ports", &ports, &mut report)
}

/// Starts the test, writes what it expects where it expects it, and reports whether the device has
/// counted each write.
fn count_writes(name: &str, region: &IoRegion, report: &mut Report) -> Result {
    region.try_write_reg(TEST::zeroed().with_number(COUNT_WRITES))?;
    let test = test_name(region)?;
    let offset = usize::try_from(region.try_read(OFFSET)?.into_raw())?;
    let data = region.try_read(DATA)?.into_raw();
    if region.try_read(WIDTH)?.into_raw() != 1 {
        return Err(EIO);
    }
    for _ in 0..WRITES {
        region.try_write8(data, offset)?;
    }
    let count = region.try_read(COUNT)?.into_raw();
    let test = test.to_str()?;
    report.result(
        count == WRITES,
        name,
        fmt!("{test}: wrote {data:#x} at {offset:#x} {WRITES} times, the device counted {count}"),
    );
    Ok(())
}

/// Returns the name of the test that was started.
fn test_name(region: &IoRegion) -> Result<CString> {
    let mut name = [0u8; 32];
    for (byte, offset) in name.iter_mut().zip(TEST_NAME..) {
        *byte = region.try_read8(offset)?;
    }
    let name = CStr::from_bytes_until_nul(&name).map_err(|_| EIO)?;
    Ok(CString::try_from(name)?)
}
