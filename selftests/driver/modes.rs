// SPDX-License-Identifier: GPL-2.0

//! QEMU's ivshmem: memory that is mapped in every mode until the driver is unbound. The machine may sleep meanwhile.

use crate::Report;
use io_mapping_rs::{
    ioremap::Options,
    pci::{Aperture, Bar, BarRegion},
    CacheMode, Strategy,
};
use kernel::{
    device::Bound,
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// The BAR of memory.
const MEMORY: u32 = 2;
/// The name that `/proc/iomem` shows.
const NAME: &CStr = c"io_mapping_tests";
/// Bytes from one part to the next.
const STEP: u64 = 4 << 20;
/// Bytes of a part: a large page, and a small one.
const SIZE: usize = (2 << 20) + PAGE_SIZE;

/// What is written to the chunk.
const MARK: u32 = 0xc1a0_5eed;

/// A part of the BAR, and the mode that it had at first.
struct Part<'a> {
    mapping: Bar<'a>,
    mode: CacheMode,
    number: u32,
}

impl Part<'_> {
    /// Returns the words that are written, which differ from part to part: where each is, and its value.
    fn words(&self) -> impl Iterator<Item = (usize, u32)> + use<> {
        (0..SIZE).step_by(PAGE_SIZE / 2).zip(self.number << 24..)
    }

    fn write(&self) -> Result {
        self.words()
            .try_for_each(|(at, value)| self.mapping.try_write32(value, at))
    }

    /// Whether the words are there.
    fn is_as_written(&self) -> bool {
        self.words()
            .all(|(at, value)| self.mapping.try_read32(at) == Ok(value))
    }

    /// Whether each entry selects the mode that the first selected at first.
    fn has_mode(&self) -> bool {
        let (mut entries, mut count) = (self.mapping.entries(), 0);
        let same = entries.all(|entry| {
            count += 1;
            entry.cache_mode() == Some(self.mode)
        });
        same && count > 0
    }
}

/// What is mapped until the driver is unbound.
pub(crate) struct Modes<'a> {
    parts: KVec<Part<'a>>,
    /// Of which a chunk is mapped.
    sparse: Aperture<'a>,
}

impl<'a> Modes<'a> {
    pub(crate) fn new(pdev: &'a pci::Device<Bound>) -> Result<Self> {
        let region = BarRegion::request(pdev, MEMORY, NAME)?;
        let (mut parts, mut start) = (KVec::new(), 0);
        for (mode, number) in CacheMode::ALL.into_iter().zip(1..) {
            let range = start..start + SIZE as u64;
            let mapping: Bar<'_> = region.map_with(range, Options::new(mode))?;
            let part = Part {
                mode: mapping.achieved(),
                mapping,
                number,
            };
            part.write()?;
            parts.push(part, GFP_KERNEL)?;
            start += STEP;
        }
        let options = Options::new(CacheMode::WriteCombining);
        let sparse = region.aperture(start..start + STEP, options, Strategy::Sparse)?;
        sparse.map(0, PAGE_SIZE as u64)?.try_write32(MARK, 0)?;
        Ok(Self { parts, sparse })
    }
}

/// Reports whether all is as it was.
impl Drop for Modes<'_> {
    fn drop(&mut self) {
        let mut report = Report::new(self.parts.len() + 1);
        for part in &self.parts {
            let (mode, is_as_written) = (part.has_mode(), part.is_as_written());
            report.result(
                mode && is_as_written,
                part.mode.name(),
                fmt!("mode as before: {mode}, memory: {is_as_written}"),
            );
        }
        let mark = self.sparse.map_local(0).and_then(|page| page.try_read32(0));
        report.result(mark == Ok(MARK), "chunk", fmt!("{:#x}", mark.unwrap_or(0)));
    }
}
