// SPDX-License-Identifier: GPL-2.0

//! The same mapping made by C and by us, and what is equal about them.

use crate::{
    c,
    support::{
        outcome::*,
        proc_files::{Area, Seen},
        ranges::*,
    },
};
use io_mapping_rs::{ioremap::Options, CacheMode, Mapping};
use kernel::{io::Io, prelude::*};

/// Bits that the CPU sets by itself.
const ACCESSED_DIRTY: u64 = 1 << 5 | 1 << 6;
/// `vmap_pfn()` marks its entries, for `get_user_pages()` to leave them alone. The CPU ignores the
/// bit.
const SPECIAL: u64 = if cfg!(iomrs_stock) { 1 << 9 } else { 0 };
/// In a large entry the bit that says so; in a small one the highest of the cache mode.
const LARGE: u64 = 1 << 7;
/// The highest bit of the cache mode in a large entry.
const LARGE_PAT: u64 = 1 << 12;
/// May be written.
pub(crate) const WRITABLE: u64 = 1 << 1;
/// May be used by user space.
pub(crate) const USER: u64 = 1 << 2;
/// Never executed.
pub(crate) const NO_EXECUTE: u64 = 1 << 63;
/// Where an entry holds the physical address.
const PHYS: u64 = ((1 << 52) - 1) & !(PAGE - 1);

/// A mapping made by C, unmapped on drop.
pub(crate) struct Theirs(usize);

impl Theirs {
    /// What C's `ioremap_*()` of this mode gives: `None` for NULL.
    pub(crate) fn map(mode: CacheMode, phys: u64, size: u64) -> Option<Self> {
        // SAFETY: The tests map ranges that nobody else uses, or that C refuses.
        Self::from_addr(unsafe { c::iomrs_c_ioremap(phys, size as usize, raw(mode)) })
    }

    pub(crate) fn from_addr(addr: usize) -> Option<Self> {
        // Not `then_some`, which would unmap address 0.
        (addr != 0).then(|| Self(addr))
    }

    pub(crate) fn addr(&self) -> usize {
        self.0
    }

    pub(crate) fn read32(&self, offset: usize) -> u32 {
        // SAFETY: Callers stay within the mapping.
        unsafe { c::iomrs_c_readl(self.0 + offset) }
    }

    pub(crate) fn write32(&self, offset: usize, value: u32) {
        // SAFETY: Callers stay within the mapping.
        unsafe { c::iomrs_c_writel(self.0 + offset, value) }
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // SAFETY: C gave the address, and it is unmapped here only.
        unsafe { c::iomrs_c_iounmap(self.0) };
    }
}

/// A page of RAM that may be mapped: see `c/machine.c`.
pub(crate) struct ReservedPage {
    pub(crate) phys: u64,
    /// Where the kernel's own mapping has it.
    pub(crate) direct: usize,
}

impl ReservedPage {
    pub(crate) fn new() -> Outcome<Self> {
        let mut phys = 0;
        // SAFETY: `phys` is valid for a write.
        let direct = unsafe { c::iomrs_c_alloc_reserved_page(&mut phys) };
        check!(direct != 0);
        Ok(Self { phys, direct })
    }
}

impl Drop for ReservedPage {
    fn drop(&mut self) {
        // SAFETY: The page is ours, and the tests have unmapped it.
        unsafe { c::iomrs_c_free_reserved_page(self.direct) };
    }
}

/// What our ioremap of this mode gives.
pub(crate) fn ours(mode: CacheMode, phys: u64, size: u64) -> Result<Mapping> {
    map(Options::new(mode), phys, size)
}

/// What [`Options::map`] gives.
pub(crate) fn map(options: Options, phys: u64, size: u64) -> Result<Mapping> {
    // SAFETY: The tests map ranges that nobody else uses, or that are refused.
    unsafe { options.map(phys, size) }
}

/// How an address is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Of the address itself.
    pub(crate) phys: u64,
    /// The bits of the entry but the address, as a small page would have them.
    pub(crate) bits: u64,
    /// Of the page, in bytes.
    pub(crate) size: u64,
}

impl Page {
    pub(crate) fn at(addr: usize) -> Option<Self> {
        let mut shift = 0;
        // SAFETY: `shift` is valid for a write.
        let entry = unsafe { c::iomrs_c_lookup_entry(addr, &mut shift) };
        if entry == 0 {
            return None;
        }
        let size = 1 << shift;
        let within = addr as u64 & (size - 1);
        let bits = if size == PAGE {
            entry & !PHYS
        } else {
            (entry & !PHYS & !LARGE) | if entry & LARGE_PAT != 0 { LARGE } else { 0 }
        };
        Some(Self {
            phys: (entry & PHYS & !(size - 1)) + within,
            bits: bits & !ACCESSED_DIRTY,
            size,
        })
    }
}

/// Fails the test unless the `size` bytes at each address are mapped alike, entry for entry. Where
/// ours come from `vmap_pfn()` all pages are small, so what each small page of C's larger ones says
/// is compared.
pub(crate) fn same_entries(ours: usize, theirs: usize, size: u64) -> Outcome {
    let end = ours + size as usize;
    let (mut a, mut b) = (ours & !(PAGE as usize - 1), theirs & !(PAGE as usize - 1));
    while a < end {
        let (Some(mut our), Some(mut their)) = (Page::at(a), Page::at(b)) else {
            fail!(
                "{:#x} bytes on: ours is {:x?}, C's is {:x?}",
                a - ours,
                Page::at(a),
                Page::at(b)
            )
        };
        check_eq!(our.bits & SPECIAL, SPECIAL);
        our.bits &= !SPECIAL;
        if cfg!(iomrs_stock) {
            check_eq!(our.size, PAGE);
            their.size = PAGE;
        }
        check_eq!(our, their);
        let step = our.size - (a as u64 & (our.size - 1));
        (a, b) = (a + step as usize, b + step as usize);
    }
    Ok(())
}

/// Fails the test unless the library tells of a mapping what the page table says.
pub(crate) fn told_truly(ours: &Mapping) -> Outcome {
    let end = ours.addr() + ours.size();
    let mut addr = ours.addr() & !(PAGE as usize - 1);
    for told in ours.entries() {
        let Some(page) = Page::at(addr) else {
            fail!("{:#x} is not mapped", addr)
        };
        check_eq!(told.page_size() as u64, page.size);
        check_eq!(
            told.raw() & PHYS & !(page.size - 1),
            page.phys & !(page.size - 1)
        );
        check_eq!(told.cache_mode(), Some(ours.achieved()));
        addr += told.page_size();
    }
    check!(addr >= end);
    Ok(())
}

/// Maps a range of memory through C and through us, and compares all that can be seen.
pub(crate) fn compare(mode: CacheMode, phys: u64, size: u64) -> Outcome {
    compare_with(mode, phys, size, same_bytes)
}

/// As [`compare`], for registers, which do not read as they were written.
pub(crate) fn compare_registers(mode: CacheMode, phys: u64, size: u64) -> Outcome {
    compare_with(mode, phys, size, |_, _| Ok(()))
}

fn compare_with(
    mode: CacheMode,
    phys: u64,
    size: u64,
    same_bytes: fn(&Mapping, &Theirs) -> Outcome,
) -> Outcome {
    let before = Seen::now()?;
    let theirs = Theirs::map(mode, phys, size);
    let with_theirs = Seen::now()?.since(&before)?;
    let log = c::iomrs_c_log_position();
    let Some(theirs) = theirs else {
        check!(ours(mode, phys, size).is_err());
        check_eq!(Seen::now()?, before);
        return Ok(());
    };
    let ours = check_ok!(ours(mode, phys, size));
    check_eq!(ours.size() as u64, size);
    check_eq!(ours.addr() % PAGE as usize, theirs.addr() % PAGE as usize);
    same_entries(ours.addr(), theirs.addr(), size)?;
    told_truly(&ours)?;
    same_bytes(&ours, &theirs)?;
    drop(theirs);
    same_lines(&Seen::now()?.since(&before)?, &with_theirs, mode)?;
    drop(ours);
    check_eq!(Seen::now()?, before);
    check_eq!(c::iomrs_c_count_complaints(log), 0);
    Ok(())
}

/// The lines that ours adds and the lines that C's adds.
fn same_lines(ours: &Seen, theirs: &Seen, mode: CacheMode) -> Outcome {
    if cfg!(iomrs_exported) || mode == CacheMode::WriteCombining {
        check_eq!(ours.registry, theirs.registry);
    } else {
        // A stock kernel lets modules reserve write combining only.
        check!(ours.registry.is_empty());
    }
    check_eq!(ours.areas.len(), 1);
    check_eq!(theirs.areas.len(), 1);
    let their = theirs.areas[0];
    // vmap_pfn() does not know of one physical address.
    let phys = if cfg!(iomrs_stock) { 0 } else { their.phys };
    check_eq!(ours.areas[0], Area { phys, ..their });
    Ok(())
}

/// What one writes the other reads, at every power of two and in the last bytes.
fn same_bytes(ours: &Mapping, theirs: &Theirs) -> Outcome {
    let view = ours;
    if Io::size(view) < 8 {
        return Ok(());
    }
    let last = Io::size(view) - 4;
    for offset in (2..usize::BITS).map(|bit| (1 << bit).min(last)) {
        let value = 0x5ca1_ab1e ^ offset as u32;
        theirs.write32(offset, value);
        check_eq!(view.try_read32(offset), Ok(value));
        check_eq!(view.try_write32(!value, offset), Ok(()));
        check_eq!(theirs.read32(offset), !value);
    }
    Ok(())
}
