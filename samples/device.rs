// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The device: maps both of its BARs, reads and writes them.
//!
//! An open file keeps its [`Device`], and may do so after the driver has been unbound. The BARs are
//! unmapped and released at that moment; every access then returns `ENODEV`.

use io_mapping_rs::{
    io::{Shared, View},
    io_mapping::LocalMap,
    ioremap::Options,
    pci::{Aperture, Bar, DevresAperture, DevresBar},
    CacheMode,
    Strategy, //
};
use kernel::{
    device::Bound,
    io::{register, Io, Region},
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// The name that `/proc/iomem` shows for the requested BARs.
const NAME: &CStr = c"io_mapping_sample";
/// The BAR of registers.
const REGISTERS: u32 = 0;
/// The BAR of memory.
const MEMORY: u32 = 2;

// The registers of ivshmem, see `docs/specs/ivshmem-spec.rst` in QEMU. The driver needs one.
register! {
    /// Which bits of the interrupt status raise an interrupt.
    pub(crate) INTERRUPT_MASK(u32) @ 0x0 {
        31:0 bits;
    }
}

/// Bytes of the registers.
const REGISTERS_SIZE: usize = 0x10;

/// The registers. Their size is part of the type, so an access to one of them needs no check.
pub(crate) type Registers<'a> = View<'a, Region<REGISTERS_SIZE>, Shared>;

/// An ivshmem device.
pub(crate) struct Device {
    registers: DevresBar,
    memory: DevresAperture,
}

impl Device {
    /// Requests and maps both BARs.
    ///
    /// `into_devres()` hands them to `pdev`, which unmaps them when the driver is unbound.
    pub(crate) fn new(pdev: &pci::Device<Bound>, strategy: Strategy) -> Result<Self> {
        let registers = Bar::iomap(pdev, REGISTERS, 0, NAME)?;
        // Fails here, not at the first access, if the BAR is too small.
        registers.sized::<REGISTERS_SIZE>()?;
        let write_combining = Options::new(CacheMode::WriteCombining);
        let memory = Aperture::new(pdev, MEMORY, NAME, write_combining, strategy)?;
        Ok(Self {
            registers: registers.into_devres()?,
            memory: memory.into_devres()?,
        })
    }

    /// Calls `f` with the registers. `f` must not sleep, because unbinding waits for it.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the driver has been unbound.
    pub(crate) fn with_registers<R>(&self, f: impl FnOnce(Registers<'_>) -> R) -> Result<R> {
        let registers = self.registers.try_access().ok_or(ENODEV)?;
        Ok(f(registers.sized()?))
    }

    /// Returns the size of the memory in bytes.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the driver has been unbound.
    pub(crate) fn size(&self) -> Result<u64> {
        Ok(self.memory.try_access().ok_or(ENODEV)?.size())
    }

    /// Copies the memory at byte `pos` to `data`, through a temporary map of one page.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the driver has been unbound, `EINVAL` if the bytes are not in one page of the
    /// memory.
    pub(crate) fn read(&self, pos: u64, data: &mut [u8]) -> Result {
        self.with_page(pos, |page, offset| page.try_copy_to_slice(offset, data))
    }

    /// Copies `data` to the memory at byte `pos`, through a temporary map of one page.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn write(&self, pos: u64, data: &[u8]) -> Result {
        self.with_page(pos, |page, offset| page.try_copy_from_slice(offset, data))
    }

    /// Calls `access` with the page of byte `pos`, and where in this page the byte is. `access` must
    /// not sleep.
    fn with_page(&self, pos: u64, access: impl FnOnce(&LocalMap<'_>, usize) -> Result) -> Result {
        let memory = self.memory.try_access().ok_or(ENODEV)?;
        let (page, offset) = page_and_offset(pos);
        // The page is unmapped before `memory` lets the driver be unbound.
        let result = match memory.map_local(page) {
            // Other tasks hold all slots and sleep. Those of atomic maps are never held asleep.
            Err(err) if err == EAGAIN => memory.map_atomic(page, |map| access(map, offset))?,
            map => access(&map?, offset),
        };
        result
    }

    /// Makes all earlier writes to the memory visible to the device.
    ///
    /// The CPU may hold back stores to write-combining memory, but it sends them before it reads an
    /// uncached register.
    pub(crate) fn flush(&self) -> Result {
        self.with_registers(|registers| registers.read(INTERRUPT_MASK))?;
        Ok(())
    }
}

/// Returns where the page of byte `pos` begins, and where in this page the byte is.
pub(crate) fn page_and_offset(pos: u64) -> (u64, usize) {
    let offset = pos % PAGE_SIZE as u64;
    // CAST: `offset` is less than the size of a page.
    (pos - offset, offset as usize)
}
