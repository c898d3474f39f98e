// SPDX-License-Identifier: GPL-2.0

//! The device: both of its BARs, each in the care of the device, and how to read and write them.
//!
//! A file that is open keeps a [`Device`] alive for longer than the driver is bound. Nothing of the
//! BARs is left then, and every access ends in `ENODEV`.

use crate::regs;
use io_mapping_rs::{
    io::{Shared, View},
    ioremap::Options,
    pci::{Aperture, Bar, DevresAperture, DevresBar},
    CacheMode,
    Strategy, //
};
use kernel::{
    device::Bound,
    io::{Io, Region},
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// What `/proc/iomem` shows.
const NAME: &CStr = c"io_mapping_sample";
/// The BAR of registers.
pub(crate) const REGISTERS: u32 = 0;
/// The BAR of memory.
pub(crate) const MEMORY: u32 = 2;

/// The registers, checked to be all there: an access to one of them cannot fail.
pub(crate) type Registers<'a> = View<'a, Region<{ regs::END }>, Shared>;

/// An ivshmem device.
pub(crate) struct Device {
    registers: DevresBar,
    memory: DevresAperture,
    size: usize,
}

impl Device {
    /// Requests and maps both BARs, and hands them to `pdev`, which drops them when the driver is
    /// unbound.
    pub(crate) fn new(pdev: &pci::Device<Bound>, strategy: Strategy) -> Result<Self> {
        let registers = Bar::iomap(pdev, REGISTERS, 0, NAME)?;
        registers.sized::<{ regs::END }>()?;
        let write_combining = Options::new(CacheMode::WriteCombining);
        let memory = Aperture::new(pdev, MEMORY, NAME, write_combining, strategy)?;
        Ok(Self {
            size: usize::try_from(memory.size())?,
            registers: registers.into_devres()?,
            memory: memory.into_devres()?,
        })
    }

    /// Bytes of memory.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Is the driver still bound to the device?
    pub(crate) fn is_there(&self) -> bool {
        self.memory.try_access().is_some()
    }

    /// Both BARs, for as long as somebody knows the device to be bound.
    pub(crate) fn bars<'a>(
        &'a self,
        pdev: &'a pci::Device<Bound>,
    ) -> Result<(&'a Bar<'a>, &'a Aperture<'a>)> {
        Ok((
            self.registers.access(pdev.as_ref())?,
            self.memory.access(pdev.as_ref())?,
        ))
    }

    /// Lets `f` read and write the registers. It must not sleep: the device waits for it before it
    /// goes.
    pub(crate) fn with_registers<R>(&self, f: impl FnOnce(Registers<'_>) -> R) -> Result<R> {
        let registers = self.registers.try_access().ok_or(ENODEV)?;
        Ok(f(registers.sized()?))
    }

    /// Copies the memory from byte `pos` on to `data`. Both ends are within one page.
    ///
    /// # Errors
    ///
    /// `ENODEV` where the device is gone, `EINVAL` where the bytes are not of one page
    /// of the memory.
    pub(crate) fn read(&self, pos: usize, data: &mut [u8]) -> Result {
        let memory = self.memory.try_access().ok_or(ENODEV)?;
        let (page, offset) = split(pos);
        memory.map_local(page)?.try_copy_to_slice(offset, data)
    }

    /// Copies `data` to the memory, from byte `pos` on. Both ends are within one page.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn write(&self, pos: usize, data: &[u8]) -> Result {
        let memory = self.memory.try_access().ok_or(ENODEV)?;
        let (page, offset) = split(pos);
        memory.map_local(page)?.try_copy_from_slice(offset, data)
    }

    /// Makes the device see everything that was written: the CPU may keep stores to write-combining
    /// memory back, but not past a read from an uncached register.
    pub(crate) fn flush(&self) -> Result {
        self.with_registers(|registers| registers.read(regs::INTR_MASK))?;
        Ok(())
    }
}

/// Where the page of byte `pos` begins, and the byte within it.
fn split(pos: usize) -> (u64, usize) {
    let offset = pos % PAGE_SIZE;
    // CAST: a `usize` is no wider than 64 bits.
    ((pos - offset) as u64, offset)
}
