// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/io_mapping_sample/N/`: what the device and its mappings are like (`info`),
//! its registers (`registers`), and what the library refuses (`refusals`).

use crate::{
    device::{Device, MEMORY},
    refusals,
    registry::{self, Number},
    regs, //
};
use core::ptr::NonNull;
use io_mapping_rs::{
    debugfs::files::{Directory, Text, TextFile, TextFiles},
    Mapping, BACKEND,
};
use kernel::{
    device::Bound,
    fmt::Write,
    io::Io,
    pci,
    prelude::*,
    sizes::*,
    str::CString,
    sync::Arc, //
};

/// What the files show.
///
/// # Invariants
///
/// `pdev` points to a device that is bound for as long as this exists.
pub(crate) struct Shown {
    pdev: NonNull<pci::Device<Bound>>,
    device: Arc<Device>,
    node: CString,
}

// SAFETY: A device that is bound may be used by any task, and an `Arc<Device>` too.
unsafe impl Send for Shown {}
// SAFETY: As above, and by several at once.
unsafe impl Sync for Shown {}

impl Shown {
    fn pdev(&self) -> &pci::Device<Bound> {
        // SAFETY: By the invariant it is a device, bound for as long as `self` lives.
        unsafe { self.pdev.as_ref() }
    }
}

/// Makes the files of `device`.
///
/// # Safety
///
/// What is returned is dropped, not leaked, while `pdev` is still bound. (It cannot say so by
/// borrowing `pdev`: what C points to has to be `'static`.)
pub(crate) unsafe fn files(
    pdev: &pci::Device<Bound>,
    device: &Arc<Device>,
    number: &Number,
) -> Result<TextFiles<Shown>> {
    let name = CString::try_from_fmt(fmt!("{}", number.get()))?;
    let directory = Directory::new(&name, Some(registry::directory()?));
    // INVARIANT: As required of our caller.
    let shown = Shown {
        pdev: NonNull::from(pdev),
        device: device.clone(),
        node: number.node_name()?,
    };
    let files = TextFiles::new(directory, shown)?;
    files.add::<Info>();
    files.add::<Registers>();
    files.add::<Refusals>();
    Ok(files)
}

/// One line each, `key=value`.
struct Info;

#[vtable]
impl TextFile<Shown> for Info {
    const NAME: &'static CStr = c"info";

    fn show(shown: &Shown, out: &mut Text) -> Result {
        let pdev = shown.pdev();
        let (registers, memory) = shown.device.bars(pdev)?;
        writeln!(out, "device={}", pdev.as_ref().name().to_str()?)?;
        writeln!(out, "node=/dev/{}", shown.node.to_str()?)?;
        writeln!(out, "backend={BACKEND}")?;
        writeln!(out, "bar0_size={}", registers.size())?;
        writeln!(out, "bar0_achieved={}", registers.achieved().name())?;
        writeln!(out, "bar2_phys={:#x}", pdev.resource_start(MEMORY)?)?;
        writeln!(out, "bar2_size={}", memory.size())?;
        writeln!(out, "requested={}", memory.requested().name())?;
        writeln!(out, "achieved={}", memory.achieved().name())?;
        match memory.whole() {
            Some(whole) => {
                writeln!(out, "strategy=whole")?;
                write!(out, "page_sizes=")?;
                show_page_sizes(whole, out)
            }
            None => Ok(writeln!(out, "strategy=sparse")?),
        }
    }
}

/// How many pages of each size a mapping has, such as `4K:3 2M:127`.
fn show_page_sizes(mapping: &Mapping, out: &mut Text) -> Result {
    let mut separator = "";
    for (name, size) in [("4K", SZ_4K), ("2M", SZ_2M), ("1G", SZ_1G)] {
        let pages = mapping.entries().filter(|page| page.page_size() == size);
        let count = pages.count();
        if count != 0 {
            write!(out, "{separator}{name}:{count}")?;
            separator = " ";
        }
    }
    writeln!(out)?;
    Ok(())
}

/// One line each, name and value; takes one such line.
struct Registers;

#[vtable]
impl TextFile<Shown> for Registers {
    const NAME: &'static CStr = c"registers";

    fn show(shown: &Shown, out: &mut Text) -> Result {
        let (mask, status, position) = shown.device.with_registers(|registers| {
            (
                registers.read(regs::INTR_MASK).into_raw(),
                registers.read(regs::INTR_STATUS).into_raw(),
                registers.read(regs::IV_POSITION).into_raw(),
            )
        })?;
        writeln!(out, "intrmask {mask:#010x}")?;
        writeln!(out, "intrstatus {status:#010x}")?;
        writeln!(out, "ivposition {position:#010x}")?;
        Ok(())
    }

    fn store(shown: &Shown, text: &str) -> Result {
        let (name, value) = text.trim().split_once(' ').ok_or(EINVAL)?;
        let value = parse(value)?;
        shown.device.with_registers(|registers| {
            match name {
                "intrmask" => registers.write_reg(regs::INTR_MASK::from(value)),
                "intrstatus" => registers.write_reg(regs::INTR_STATUS::from(value)),
                "doorbell" => registers.write_reg(regs::DOORBELL::from(value)),
                _ => return Err(EINVAL),
            }
            Ok(())
        })?
    }
}

/// A number, decimal, or hexadecimal after `0x`.
fn parse(text: &str) -> Result<u32> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| EINVAL)
}

/// One line each: what was asked for, the errno that it must give, and the one that it gave, with
/// tabs between them. The requests are made when the file is read.
struct Refusals;

#[vtable]
impl TextFile<Shown> for Refusals {
    const NAME: &'static CStr = c"refusals";

    fn show(shown: &Shown, out: &mut Text) -> Result {
        refusals::show(shown.pdev(), &shown.device, out)
    }
}
