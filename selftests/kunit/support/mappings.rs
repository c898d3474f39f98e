// SPDX-License-Identifier: GPL-2.0

//! Mappings and apertures of the tests' ranges, made by the library and by C.

use crate::{c, support::outcome::*};
use io_mapping_rs::{ioremap::Options, CacheMode, IoMapping, Mapping, Strategy};
use kernel::{io::PhysAddr, prelude::*};

pub(crate) const WC: CacheMode = CacheMode::WriteCombining;

/// Maps a range in a cache mode, by the library.
pub(crate) fn map(mode: CacheMode, phys: u64, size: u64) -> Result<Mapping> {
    map_with(Options::new(mode), phys, size)
}

/// As [`Options::map`].
pub(crate) fn map_with(options: Options, phys: u64, size: u64) -> Result<Mapping> {
    // SAFETY: The tests map ranges that nobody else uses, or that are refused.
    unsafe { options.map(phys, size) }
}

/// Whether mappings come from the arena in this run, not each from an area of its own.
pub(crate) fn from_arena() -> bool {
    cfg!(iomrs_stock) || crate::module_parameters::arena.value()
}

/// Returns the strategy that apertures follow in this run.
pub(crate) fn strategy() -> Strategy {
    if crate::module_parameters::sparse.value() {
        Strategy::Sparse
    } else {
        Strategy::Whole
    }
}

/// As [`IoMapping::with_strategy`].
pub(crate) fn aperture_with(
    options: Options,
    base: u64,
    size: u64,
    strategy: Strategy,
) -> Result<IoMapping> {
    // SAFETY: The tests map ranges that nobody else uses, or that are refused.
    unsafe { IoMapping::with_strategy(base, size, options, strategy) }
}

/// Makes a write-combining aperture that follows the strategy of this run.
pub(crate) fn aperture(base: u64, size: u64) -> Result<IoMapping> {
    aperture_with(Options::new(WC), base, size, strategy())
}

/// Makes a write-combining aperture that follows the strategy Sparse in every run.
pub(crate) fn sparse_aperture(base: u64, size: u64) -> Result<IoMapping> {
    aperture_with(Options::new(WC), base, size, Strategy::Sparse)
}

/// A mapping that C's `ioremap()` or one like it has made. Unmapped on drop.
pub(crate) struct CMapping(usize);

impl CMapping {
    /// Maps a range in a cache mode. Fails the test where C returns NULL.
    pub(crate) fn new(mode: CacheMode, phys: u64, size: u64) -> Outcome<Self> {
        match Self::try_new(mode, phys, size) {
            Some(mapping) => Ok(mapping),
            None => fail!("C maps nothing: {size:#x} bytes at {phys:#x}, {mode:?}"),
        }
    }

    /// As [`Self::new`]. Returns `None` where C returns NULL, or cannot be asked, as a number is too wide.
    pub(crate) fn try_new(mode: CacheMode, phys: u64, size: u64) -> Option<Self> {
        let mode = c::page_cache_mode(mode);
        if size_of::<PhysAddr>() < 8 && phys >= c::iomrs_c_phys_limit() {
            return None;
        }
        let size = usize::try_from(size).ok()?;
        // SAFETY: The tests map ranges that nobody else uses, or that C refuses.
        Self::from_addr(unsafe { c::iomrs_c_ioremap(phys, size, mode) })
    }

    /// Asks C for a read-only mapping.
    pub(crate) fn new_read_only(phys: u64, size: u64) -> Outcome<Self> {
        // SAFETY: The tests map ranges that nobody else uses.
        let mapping = Self::from_addr(unsafe { c::iomrs_c_ioremap_read_only(phys, size as usize) });
        Ok(check_ok!(mapping.ok_or(ENOMEM)))
    }

    /// Asks C for a mapping of encrypted memory.
    pub(crate) fn new_encrypted(phys: u64, size: u64) -> Outcome<Self> {
        // SAFETY: The tests map ranges that nobody else uses.
        let mapping = Self::from_addr(unsafe { c::iomrs_c_ioremap_encrypted(phys, size as usize) });
        Ok(check_ok!(mapping.ok_or(ENOMEM)))
    }

    fn from_addr(addr: usize) -> Option<Self> {
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

impl Drop for CMapping {
    fn drop(&mut self) {
        // SAFETY: C has made the mapping, and it is unmapped here only.
        unsafe { c::iomrs_c_iounmap(self.0) };
    }
}

/// An aperture that C's `io_mapping_create_wc()` has made. Freed on drop.
pub(crate) struct CAperture(*mut c::IoMapping);

// SAFETY: C lets any task map any page of an aperture.
unsafe impl Sync for CAperture {}

impl CAperture {
    pub(crate) fn new(base: u64, size: u64) -> Outcome<Self> {
        // SAFETY: The tests map ranges that nobody else uses.
        let mapping = unsafe { c::iomrs_c_io_mapping_create_wc(base, size as usize) };
        check!(!mapping.is_null());
        Ok(Self(mapping))
    }

    pub(crate) fn as_ptr(&self) -> *mut c::IoMapping {
        self.0
    }

    /// Returns the address where C maps the page at `offset`, which must be in the aperture. On a
    /// 64-bit machine the page stays mapped as long as the aperture.
    pub(crate) fn page(&self, offset: u64) -> usize {
        // SAFETY: The aperture has not been freed, and callers name a page in it. The unmapping
        // needs no other order, as it is the next call.
        unsafe {
            let addr = c::iomrs_c_io_mapping_map_local_wc(self.0, offset as usize);
            c::iomrs_c_io_mapping_unmap_local(addr);
            addr
        }
    }
}

impl Drop for CAperture {
    fn drop(&mut self) {
        // SAFETY: C has made the aperture, and it is freed here only.
        unsafe { c::iomrs_c_io_mapping_free(self.0) };
    }
}

/// A page of RAM that is marked as reserved, which ioremap takes on x86: see `c/machine.c`.
pub(crate) struct ReservedPage {
    pub(crate) phys: u64,
    /// Its address in the kernel's direct mapping.
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
        // SAFETY: `new` allocated the page, and the tests have unmapped it.
        unsafe { c::iomrs_c_free_reserved_page(self.direct) };
    }
}
