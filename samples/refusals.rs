// SPDX-License-Identifier: GPL-2.0

//! Requests that the library must refuse, and what came of each. None of them changes anything,
//! however it ends.

use crate::{
    device::{Device, MEMORY, REGISTERS},
    registry,
};
use io_mapping_rs::{
    ioremap::{phys_bits, Options},
    pci::{Aperture, Bar},
    CacheMode, IoMapping, BACKEND,
};
use kernel::{
    bindings,
    device::Bound,
    fmt::Write,
    io::Io,
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// Bytes of a page.
// CAST: a `usize` is no wider than 64 bits.
const PAGE: u64 = PAGE_SIZE as u64;

/// The first address of the last page that 64 bits can name.
const LAST_PAGE: u64 = u64::MAX - PAGE + 1;

/// One request: what it is, the errno that it must give, and the request itself.
struct Refusal(&'static str, Error, fn(&Bench<'_>) -> Result);

/// By physical address: the unsafe calls, which a driver that keeps to BARs does not need.
const BY_ADDRESS: &[Refusal] = &[
    Refusal("map no bytes", EINVAL, |b| b.map(b.start, 0)),
    Refusal("map to past the last of all addresses", EINVAL, |b| {
        b.map(LAST_PAGE, 2 * PAGE)
    }),
    Refusal("map to past the CPU's last address", ERANGE, |b| {
        b.map((1 << phys_bits()) - PAGE, 2 * PAGE)
    }),
    Refusal("map from past the CPU's last address", ERANGE, |b| {
        b.map(1 << phys_bits(), PAGE)
    }),
    Refusal("map system RAM", EPERM, |b| b.map(b.ram, PAGE)),
    Refusal("map to past the end of a BAR", EINVAL, |b| {
        b.map(b.start, b.size + PAGE)
    }),
    Refusal("map from before a BAR", EINVAL, |b| {
        b.map(b.start - PAGE, 2 * PAGE)
    }),
    Refusal("aperture that begins inside a page", EINVAL, |b| {
        b.aperture(b.start + 8, PAGE)
    }),
];

/// Pieces of an aperture.
const PIECES: &[Refusal] = &[
    Refusal("map_local inside a page", EINVAL, |b| {
        b.memory.map_local(8).map(drop)
    }),
    Refusal("map_local at the end of the aperture", EINVAL, |b| {
        b.memory.map_local(b.size).map(drop)
    }),
    Refusal("map_local past the end of the aperture", EINVAL, |b| {
        b.memory.map_local(b.size + PAGE).map(drop)
    }),
    Refusal("map_local of the last of all offsets", EINVAL, |b| {
        b.memory.map_local(LAST_PAGE).map(drop)
    }),
    Refusal("map_atomic at the end of the aperture", EINVAL, |b| {
        b.memory.map_atomic(b.size).map(drop)
    }),
    Refusal("map of no bytes", EINVAL, |b| b.memory.map(0, 0).map(drop)),
    Refusal("map from inside a page", EINVAL, |b| {
        b.memory.map(8, PAGE).map(drop)
    }),
    Refusal("map from the end of the aperture", EINVAL, |b| {
        b.memory.map(b.size, PAGE).map(drop)
    }),
    Refusal("map across the end of the aperture", EINVAL, |b| {
        b.memory.map(b.size - PAGE, 2 * PAGE).map(drop)
    }),
    Refusal("map to past the last of all offsets", EINVAL, |b| {
        b.memory.map(PAGE, u64::MAX).map(drop)
    }),
];

/// BARs of the device.
const BARS: &[Refusal] = &[
    Refusal("BAR 6, where there are 0 to 5", EINVAL, |b| {
        Bar::iomap(b.pdev, 6, 0, NAME).map(drop)
    }),
    Refusal("a BAR that the device does not have", ENODEV, |b| {
        Bar::iomap(b.pdev, b.missing_bar()?, 0, NAME).map(drop)
    }),
    Refusal("the registers, requested already", EBUSY, |b| {
        Bar::iomap(b.pdev, REGISTERS, 0, NAME).map(drop)
    }),
    Refusal("the memory, requested already", EBUSY, |b| {
        Aperture::new_wc(b.pdev, MEMORY, NAME).map(drop)
    }),
];

/// Reads and writes.
const ACCESSES: &[Refusal] = &[
    Refusal("read at the end of the registers", EINVAL, |b| {
        b.registers.try_read32(b.registers.size()).map(drop)
    }),
    Refusal("read across the end of the registers", EINVAL, |b| {
        b.registers.try_read64(b.registers.size() - 4).map(drop)
    }),
    Refusal("read of a misaligned register", EINVAL, |b| {
        b.registers.try_read32(2).map(drop)
    }),
    Refusal("more registers than there are", EINVAL, |b| {
        b.registers.sized::<PAGE_SIZE>().map(drop)
    }),
    Refusal("write at the end of a mapped page", EINVAL, |b| {
        b.memory.map_local(0)?.try_write8(0, PAGE_SIZE)
    }),
    Refusal("two pages, where one is mapped", EINVAL, |b| {
        b.memory
            .map_local(0)?
            .sized::<{ 2 * PAGE_SIZE }>()
            .map(drop)
    }),
];

/// In whose name BARs are requested: nobody's, as none is granted.
const NAME: &CStr = c"io_mapping_sample refusals";

/// What the requests are made of.
struct Bench<'a> {
    pdev: &'a pci::Device<Bound>,
    registers: &'a Bar<'a>,
    memory: &'a Aperture<'a>,
    /// Physical address of the memory.
    start: u64,
    /// Bytes of the memory.
    size: u64,
    /// Physical address of a page of RAM, which is ours.
    ram: u64,
}

impl Bench<'_> {
    /// Asks for a mapping by physical address.
    fn map(&self, start: u64, size: u64) -> Result {
        self.map_with(Options::new(CacheMode::WriteCombining), start, size)
    }

    /// As [`map`](Self::map), with `options`.
    fn map_with(&self, options: Options, start: u64, size: u64) -> Result {
        // SAFETY: The range is not what the library asks for, on purpose. Should it be mapped
        // nevertheless, the mapping is dropped at once, without an access through it: nobody's
        // memory is broken. It ends before the device and the page of RAM may go.
        unsafe { options.map(start, size) }.map(drop)
    }

    /// Asks for an aperture by physical address.
    fn aperture(&self, start: u64, size: u64) -> Result {
        // SAFETY: As in `map_with`.
        unsafe { IoMapping::new_wc(start, size) }.map(drop)
    }

    /// A BAR of no bytes. There is one: the second half of a 64-bit BAR.
    fn missing_bar(&self) -> Result<u32> {
        (0..bindings::PCI_STD_NUM_BARS)
            .find(|&bar| self.pdev.resource_len(bar) == Ok(0))
            .ok_or(ENOENT)
    }
}

/// Tries every request, and prints for each what it was, the errno that it must give and the one
/// that it gave, with tabs between them.
pub(crate) fn show(pdev: &pci::Device<Bound>, device: &Device, out: &mut dyn Write) -> Result {
    let (registers, memory) = device.bars(pdev)?;
    let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
    let bench = Bench {
        pdev,
        registers,
        memory,
        start: pdev.resource_start(MEMORY)?,
        size: pdev.resource_len(MEMORY)?,
        // SAFETY: The address of memory that is mapped, by the kernel's own mapping.
        ram: unsafe { bindings::slow_virt_to_phys(page.as_mut_ptr().cast()) } & !(PAGE - 1),
    };
    for Refusal(what, expected, request) in
        [BY_ADDRESS, PIECES, BARS, ACCESSES].into_iter().flatten()
    {
        line(out, what, *expected, request(&bench))?;
    }
    // Only where the library can reserve more than write combining.
    if BACKEND == "exported" {
        let other = Options::new(CacheMode::UncachedMinus).exact();
        let got = bench.map_with(other, bench.start, PAGE);
        line(out, "another cache mode than the live one", EBUSY, got)?;
    }
    // Only where there is a pci-testdev.
    registry::for_each_noted(|what, got| line(out, what, ENODEV, got))
}

fn line(out: &mut dyn Write, what: &str, expected: Error, got: Result) -> Result {
    let got = got.err().map_or("accepted", errno);
    writeln!(out, "{what}\t{}\t{got}", errno(expected))?;
    Ok(())
}

/// The name of an errno. Not every kernel can tell it.
fn errno(err: Error) -> &'static str {
    let names = [
        (EINVAL, "EINVAL"),
        (ERANGE, "ERANGE"),
        (EPERM, "EPERM"),
        (EBUSY, "EBUSY"),
        (ENODEV, "ENODEV"),
        (ENOMEM, "ENOMEM"),
        (ENOENT, "ENOENT"),
    ];
    let found = names.into_iter().find(|&(known, _)| known == err);
    found.map_or("another errno", |(_, name)| name)
}
