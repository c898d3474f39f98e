// SPDX-License-Identifier: GPL-2.0

//! What a workload works on: the apertures of both sides, the pages that it maps, the memory or the
//! ports that it reads and writes, the bytes that it copies.

use crate::{
    c,
    claim::{Claim, LentBar},
    ours::ranges::Pair,
    random::Random,
    workloads::{Target, Workload},
};
use core::{ffi::c_void, ptr};
use io_mapping_rs::{
    io_region::IoRegionView,
    ioremap::{self, Options},
    CacheMode, IoMapping, IoRegion, Mapping, Ports,
};
use kernel::{
    alloc::KVVec,
    device::Bound,
    io::{IoBase, Region},
    pci,
    prelude::*,
};

/// Bytes of a small page.
pub(crate) const PAGE: u64 = 4096;

/// What ports are written with: of pci-testdev it starts no test.
const NO_TEST: u8 = 0x5a;

/// What both sides map.
pub(crate) const WRITE_COMBINING: Options = Options::new(CacheMode::WriteCombining);

/// What a workload works on.
///
/// # Invariants
///
/// `phys` and `size` are a range that is ours, and `c` is null or an aperture of C's that maps it.
/// The page of each offset is within the range. `cookie` is null, or for C the memory or the ports of
/// `io`, in which what is moved is at each offset. `pattern` has `bytes` bytes and at least a page.
pub(crate) struct Fixture<'a> {
    pub(crate) phys: u64,
    pub(crate) size: u64,
    pub(crate) bytes: usize,
    pub(crate) offsets: KVVec<u64>,
    pub(crate) pattern: KVVec<u8>,
    ours: Option<IoMapping>,
    io: Option<IoRegion>,
    bar: Option<LentBar<'a>>,
    c: *mut c::IoMapping,
    cookie: *mut c_void,
}

// SAFETY: C's aperture may be used by several tasks at once, and so may a cookie. The device of a BAR
// is locked by the task that has the fixture, and only told to others.
unsafe impl Sync for Fixture<'_> {}

impl<'a> Fixture<'a> {
    /// `size`: what the job says, of the range or of what is moved.
    pub(crate) fn new(claim: &'a Claim, workload: &Workload, size: u64) -> Result<Self> {
        let bytes = if workload.transfers { size } else { PAGE };
        let size = match workload.target {
            Target::Ports => claim.size(),
            Target::Memory => (size + workload.offset_bound).next_multiple_of(PAGE),
            Target::Range | Target::Bar | Target::Aperture => size,
        };
        if size > claim.size() {
            return Err(ENOSPC);
        }
        // INVARIANT: The beginning of the range that is claimed. There is nothing of C's yet.
        let mut this = Self {
            phys: claim.phys(),
            size,
            bytes: usize::try_from(bytes)?,
            offsets: KVVec::new(),
            pattern: KVVec::new(),
            ours: None,
            io: None,
            bar: None,
            c: ptr::null_mut(),
            cookie: ptr::null_mut(),
        };
        this.add_offsets(workload)?;
        this.add_pattern(workload)?;
        match workload.target {
            Target::Range => (),
            Target::Bar => this.bar = Some(claim.lend()?),
            Target::Aperture => this.add_apertures(workload)?,
            Target::Memory | Target::Ports => this.add_io(workload)?,
        }
        Ok(this)
    }

    fn add_offsets(&mut self, workload: &Workload) -> Result {
        let (pages, mut random) = (self.size / PAGE, Random::new(2));
        for round in 0..workload.rounds(self.bytes) as u64 {
            // INVARIANT: Less than the number of pages, or than what the range has room for.
            let offset = match workload.target {
                Target::Range | Target::Bar => round % pages * PAGE,
                // In no order that a cache could know.
                Target::Aperture => random.next() % pages * PAGE,
                Target::Memory | Target::Ports => round * 28 % workload.offset_bound,
            };
            self.offsets.push(offset, GFP_KERNEL)?;
        }
        Ok(())
    }

    fn add_pattern(&mut self, workload: &Workload) -> Result {
        let mut random = Random::new(1);
        for _ in 0..self.bytes.max(PAGE as usize) {
            let byte = match workload.target {
                Target::Ports => NO_TEST,
                _ => random.next() as u8,
            };
            self.pattern.push(byte, GFP_KERNEL)?;
        }
        Ok(())
    }

    fn add_apertures(&mut self, workload: &Workload) -> Result {
        let (phys, size, strategy) = (self.phys, self.size, workload.strategy);
        // SAFETY: The range is ours as long as the claim, which we borrow.
        let ours = unsafe { IoMapping::with_strategy(phys, size, WRITE_COMBINING, strategy)? };
        if workload.chunk {
            for &offset in self.offsets.iter() {
                drop(ours.map(offset, PAGE)?);
            }
        }
        self.ours = Some(ours);
        if workload.c_needs_aperture() {
            // INVARIANT: it maps the range.
            // SAFETY: The range is ours.
            self.c = unsafe { c::iomrs_b_aperture(phys, usize::try_from(size)?) };
            if self.c.is_null() {
                return Err(ENOMEM);
            }
        }
        Ok(())
    }

    /// Both sides use the same mapping, or the same ports.
    fn add_io(&mut self, workload: &Workload) -> Result {
        let io = if workload.target == Target::Ports {
            let (first, count) = (usize::try_from(self.phys)?, usize::try_from(self.size)?);
            // INVARIANT: of the ports.
            self.cookie = c::iomrs_b_cookie(first, u32::try_from(count)?);
            if self.cookie.is_null() {
                return Err(ENOMEM);
            }
            // SAFETY: The ports are ours as long as the claim, which we borrow.
            IoRegion::Ports(unsafe { Ports::new(first, count)? })
        } else {
            // SAFETY: The range is ours as long as the claim, which we borrow.
            let memory = unsafe { ioremap::ioremap(self.phys, self.size)? };
            // INVARIANT: of the mapping.
            self.cookie = ptr::with_exposed_provenance_mut(memory.addr());
            IoRegion::Memory(memory)
        };
        self.io = Some(io);
        Ok(())
    }

    /// The aperture of ours.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a workload without.
    #[inline(always)]
    pub(crate) fn ours(&self) -> Result<&IoMapping> {
        self.ours.as_ref().ok_or(EINVAL)
    }

    /// The memory or the ports.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a workload without.
    #[inline(always)]
    pub(crate) fn region(&self) -> Result<IoRegionView<'_, Region>> {
        Ok(self.io.as_ref().ok_or(EINVAL)?.as_view())
    }

    /// The memory.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a workload without.
    #[inline(always)]
    pub(crate) fn memory(&self) -> Result<&Mapping> {
        match &self.io {
            Some(IoRegion::Memory(memory)) => Ok(memory),
            _ => Err(EINVAL),
        }
    }

    /// The device, and which of its BARs is to be requested.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a workload without.
    #[inline(always)]
    pub(crate) fn bar(&self) -> Result<(&pci::Device<Bound>, u32)> {
        let bar = self.bar.as_ref().ok_or(EINVAL)?;
        Ok((bar.device(), bar.number()))
    }

    /// Runs a workload of C's. `data` has as many bytes as the pattern.
    pub(crate) fn run_c<T>(&self, data: &mut [u8], run: impl FnOnce(&c::Work) -> T) -> T {
        let (pdev, bar) = match &self.bar {
            Some(bar) => (bar.as_raw(), bar.number()),
            None => (ptr::null_mut(), 0),
        };
        run(&c::Work {
            phys: self.phys,
            // CAST: It has been mapped, or is refused by ours.
            size: self.size as usize,
            pdev,
            // CAST: one of six.
            bar: bar as i32,
            mapping: self.c,
            io: self.cookie,
            offsets: self.offsets.as_ptr(),
            count: self.offsets.len(),
            data: data.as_mut_ptr(),
            pattern: self.pattern.as_ptr(),
            bytes: self.bytes,
        })
    }

    /// Runs a loop of C's, and tells its ticks. `data` has as many bytes as the pattern.
    ///
    /// # Errors
    ///
    /// `EIO` where it says that it failed: a mapping, or a comparison.
    pub(crate) fn run_c_loop(&self, timed: c::TimedLoop, data: &mut [u8]) -> Result<u64> {
        // SAFETY: By the invariant. A workload's loop is one for which `new` has made what it needs.
        match self.run_c(data, |work| unsafe { timed(work) }) {
            0 => Err(EIO),
            ticks => Ok(ticks),
        }
    }

    /// Runs a pair of C's, and tells its ticks.
    ///
    /// # Errors
    ///
    /// `ENOMEM` where it says that it failed.
    pub(crate) fn run_c_pair(&self, timed: c::TimedPair) -> Result<Pair> {
        let mut unmap = 0;
        // SAFETY: The range is ours, and so is the BAR where a workload takes one; `unmap` is valid
        // for a write.
        match self.run_c(&mut [], |work| unsafe { timed(work, &mut unmap) }) {
            0 => Err(ENOMEM),
            map => Ok((map, unmap)),
        }
    }
}

impl Drop for Fixture<'_> {
    fn drop(&mut self) {
        if !self.c.is_null() {
            // SAFETY: Made by `new`, freed here only, and nothing maps it any more.
            unsafe { c::iomrs_b_aperture_free(self.c) };
        }
    }
}
