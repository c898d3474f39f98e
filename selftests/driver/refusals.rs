// SPDX-License-Identifier: GPL-2.0

//! QEMU's ivshmem: requests that the library must refuse, each with its errno. No request changes
//! anything, whether it is refused or not.

use crate::Report;
use io_mapping_rs::{
    ioremap::{phys_bits, Options},
    pci::{Aperture, Bar},
    CacheMode, IoMapping, Strategy,
};
use kernel::{
    bindings,
    device::Bound,
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// The BAR of registers.
const REGISTERS: u32 = 0;
/// The BAR of memory.
const MEMORY: u32 = 2;
/// The name that `/proc/iomem` shows for the requested BARs.
const NAME: &CStr = c"io_mapping_tests";

/// Bytes of a page.
// CAST: a `usize` is no wider than 64 bits.
const PAGE: u64 = PAGE_SIZE as u64;

/// The first address of the last page that 64 bits can name.
const LAST_PAGE: u64 = u64::MAX - PAGE + 1;

/// A request: its name, the errno that it must return, and the request itself.
struct Request(&'static str, Error, fn(&Target<'_>) -> Result);

/// By physical address: the unsafe functions. A driver that maps BARs does not need them.
const BY_ADDRESS: &[Request] = &[
    Request("map no bytes", EINVAL, |t| t.map(t.start, 0)),
    Request("map to past the last of all addresses", EINVAL, |t| {
        t.map(LAST_PAGE, 2 * PAGE)
    }),
    Request("map to past the CPU's last address", ERANGE, |t| {
        t.map((1 << phys_bits()) - PAGE, 2 * PAGE)
    }),
    Request("map from past the CPU's last address", ERANGE, |t| {
        t.map(1 << phys_bits(), PAGE)
    }),
    Request("map system RAM", EPERM, |t| t.map(t.ram(), PAGE)),
    Request("map to past the end of a BAR", EINVAL, |t| {
        t.map(t.start, t.size + PAGE)
    }),
    Request("map from before a BAR", EINVAL, |t| {
        t.map(t.start - PAGE, 2 * PAGE)
    }),
    Request("aperture that begins inside a page", EINVAL, |t| {
        t.aperture(t.start + 8, PAGE)
    }),
];

/// Pieces of an aperture.
const PIECES: &[Request] = &[
    Request("map_local inside a page", EINVAL, |t| {
        t.memory.map_local(8).map(drop)
    }),
    Request("map_local at the end of the aperture", EINVAL, |t| {
        t.memory.map_local(t.size).map(drop)
    }),
    Request("map_local past the end of the aperture", EINVAL, |t| {
        t.memory.map_local(t.size + PAGE).map(drop)
    }),
    Request("map_local of the last of all offsets", EINVAL, |t| {
        t.memory.map_local(LAST_PAGE).map(drop)
    }),
    Request("map_atomic at the end of the aperture", EINVAL, |t| {
        t.memory.map_atomic(t.size, |_| ())
    }),
    Request("map of no bytes", EINVAL, |t| t.memory.map(0, 0).map(drop)),
    Request("map from inside a page", EINVAL, |t| {
        t.memory.map(8, PAGE).map(drop)
    }),
    Request("map from the end of the aperture", EINVAL, |t| {
        t.memory.map(t.size, PAGE).map(drop)
    }),
    Request("map across the end of the aperture", EINVAL, |t| {
        t.memory.map(t.size - PAGE, 2 * PAGE).map(drop)
    }),
    Request("map to past the last of all offsets", EINVAL, |t| {
        t.memory.map(PAGE, u64::MAX).map(drop)
    }),
];

/// BARs of the device. Both are requested already.
const BARS: &[Request] = &[
    Request("BAR 6, where there are 0 to 5", EINVAL, |t| {
        Bar::iomap(t.pdev, 6, 0, NAME).map(drop)
    }),
    Request("a BAR that the device does not have", ENODEV, |t| {
        Bar::iomap(t.pdev, t.missing_bar()?, 0, NAME).map(drop)
    }),
    Request("the registers, requested already", EBUSY, |t| {
        Bar::iomap(t.pdev, REGISTERS, 0, NAME).map(drop)
    }),
    Request("the memory, requested already", EBUSY, |t| {
        Aperture::new_wc(t.pdev, MEMORY, NAME).map(drop)
    }),
];

/// Reads and writes.
const ACCESSES: &[Request] = &[
    Request("read at the end of the registers", EINVAL, |t| {
        t.registers.try_read32(t.registers.size()).map(drop)
    }),
    #[cfg(CONFIG_64BIT)]
    Request("read across the end of the registers", EINVAL, |t| {
        t.registers.try_read64(t.registers.size() - 4).map(drop)
    }),
    #[cfg(not(CONFIG_64BIT))]
    Request("read across the end of the registers", EINVAL, |t| {
        t.registers
            .try_copy_to_slice(t.registers.size() - 4, &mut [0; 8])
    }),
    Request("read of a misaligned register", EINVAL, |t| {
        t.registers.try_read32(2).map(drop)
    }),
    Request("more registers than there are", EINVAL, |t| {
        t.registers.sized::<PAGE_SIZE>().map(drop)
    }),
    Request("write at the end of a mapped page", EINVAL, |t| {
        t.memory.map_local(0)?.try_write8(0, PAGE_SIZE)
    }),
    Request("two pages, where one is mapped", EINVAL, |t| {
        t.memory
            .map_local(0)?
            .sized::<{ 2 * PAGE_SIZE }>()
            .map(drop)
    }),
];

/// What the requests are about: an ivshmem device with both BARs mapped, and a page of RAM.
struct Target<'a> {
    pdev: &'a pci::Device<Bound>,
    registers: Bar<'a>,
    memory: Aperture<'a>,
    /// Physical address of the memory.
    start: u64,
    /// Bytes of the memory.
    size: u64,
    /// A page of RAM.
    ram: VVec<u8>,
}

impl Target<'_> {
    /// Maps by physical address.
    fn map(&self, start: u64, size: u64) -> Result {
        let options = Options::new(CacheMode::WriteCombining);
        // SAFETY: The range is one that the library must refuse. If it is mapped all the same, the
        // mapping is dropped at once and never accessed; `self` keeps the BARs and the page of RAM
        // until then.
        unsafe { options.map(start, size) }.map(drop)
    }

    /// Makes an aperture by physical address.
    fn aperture(&self, start: u64, size: u64) -> Result {
        // SAFETY: As in `map`: it is dropped at once, and never accessed.
        unsafe { IoMapping::new_wc(start, size) }.map(drop)
    }

    /// Returns the physical address of the page of RAM.
    fn ram(&self) -> u64 {
        // SAFETY: The vector is allocated by `vmalloc()`, and it is not empty.
        let frame = unsafe { bindings::vmalloc_to_pfn(self.ram.as_ptr().cast()) };
        // CAST: a frame number has at most 64 bits.
        frame as u64 * PAGE
    }

    /// Returns a BAR that the device does not have: the second half of a 64-bit BAR is one.
    fn missing_bar(&self) -> Result<u32> {
        (0..bindings::PCI_STD_NUM_BARS)
            .find(|&bar| self.pdev.resource_len(bar) == Ok(0))
            .ok_or(ENOENT)
    }
}

/// Requests the memory, as a sparse aperture where there are slots (not under Xen PV).
fn aperture(pdev: &pci::Device<Bound>) -> Result<Aperture<'_>> {
    let with = |strategy| {
        let options = Options::new(CacheMode::WriteCombining);
        Aperture::new(pdev, MEMORY, NAME, options, strategy)
    };
    match with(Strategy::Sparse) {
        Err(err) if err == EOPNOTSUPP => with(Strategy::Whole),
        sparse => sparse,
    }
}

/// Makes every request.
pub(crate) fn run(pdev: &pci::Device<Bound>) -> Result {
    let target = Target {
        pdev,
        registers: Bar::iomap(pdev, REGISTERS, 0, NAME)?,
        memory: aperture(pdev)?,
        start: pdev.resource_start(MEMORY)?.into(),
        size: pdev.resource_len(MEMORY)?.into(),
        ram: VVec::from_elem(0, PAGE_SIZE, GFP_KERNEL)?,
    };
    let requests = [BY_ADDRESS, PIECES, BARS, ACCESSES];
    let mut report = Report::new(requests.iter().map(|requests| requests.len()).sum());
    for Request(name, expected, request) in requests.into_iter().flatten() {
        report.refusal(name, *expected, request(&target));
    }
    Ok(())
}
