// SPDX-License-Identifier: GPL-2.0

//! What a workload works on: the apertures of both sides, the pages that it maps, the bytes that it
//! copies.

use crate::{c, claim::Claim, workloads::Workload};
use core::ptr;
use io_mapping_rs::{ioremap::Options, CacheMode, IoMapping};
use kernel::{alloc::KVVec, prelude::*};

/// Bytes of a small page.
pub(crate) const PAGE: u64 = 4096;

/// What both sides map.
pub(crate) const WRITE_COMBINING: Options = Options::new(CacheMode::WriteCombining);

/// What a workload works on.
///
/// # Invariants
///
/// `phys` and `size` are a range that is ours, and `c` is null or an aperture of C's that maps it.
/// The page of each offset is within the range. `pattern` has `bytes` bytes and at least a page.
pub(crate) struct Setup {
    pub(crate) phys: u64,
    pub(crate) size: u64,
    pub(crate) bytes: usize,
    pub(crate) offsets: KVVec<u64>,
    pub(crate) pattern: KVVec<u8>,
    pub(crate) ours: Option<IoMapping>,
    c: *mut c::IoMapping,
}

// SAFETY: C's aperture may be used by any task.
unsafe impl Send for Setup {}
// SAFETY: As above, and by several at once.
unsafe impl Sync for Setup {}

impl Setup {
    /// `size`: what the job says, of the aperture or of a copy.
    pub(crate) fn new(claim: &Claim, workload: &Workload, size: u64) -> Result<Self> {
        let bytes = if workload.copies { size } else { PAGE };
        let size = size.max(PAGE).next_multiple_of(PAGE);
        if size > claim.size() {
            return Err(ENOSPC);
        }
        // INVARIANT: The beginning of the range that is claimed. There is no aperture of C's yet.
        let mut this = Self {
            phys: claim.phys(),
            size,
            bytes: usize::try_from(bytes)?,
            offsets: KVVec::new(),
            pattern: KVVec::new(),
            ours: None,
            c: ptr::null_mut(),
        };
        this.add_offsets(workload)?;
        let mut random = Random::new(1);
        for _ in 0..this.bytes.max(PAGE as usize) {
            this.pattern.push(random.next() as u8, GFP_KERNEL)?;
        }
        if let Some(strategy) = workload.aperture() {
            // SAFETY: The range is ours as long as the claim, which the caller keeps.
            let ours =
                unsafe { IoMapping::with_strategy(this.phys, size, WRITE_COMBINING, strategy)? };
            if workload.chunk {
                for &offset in this.offsets.iter() {
                    drop(ours.map(offset, PAGE)?);
                }
            }
            this.ours = Some(ours);
        }
        if workload.c_needs_aperture() {
            // INVARIANT: it maps the range.
            // SAFETY: The range is ours.
            this.c = unsafe { c::iomrs_b_aperture(this.phys, usize::try_from(size)?) };
            if this.c.is_null() {
                return Err(ENOMEM);
            }
        }
        Ok(this)
    }

    /// Pages in no order that a cache could know.
    fn add_offsets(&mut self, workload: &Workload) -> Result {
        let (pages, mut random) = (self.size / PAGE, Random::new(2));
        for _ in 0..workload.rounds(self.bytes) {
            // INVARIANT: Less than the number of pages.
            let page = random.next() % pages;
            self.offsets.push(page * PAGE, GFP_KERNEL)?;
        }
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

    /// Runs a loop of C's. `data` has as many bytes as the pattern.
    ///
    /// # Errors
    ///
    /// `EIO` where it says that it failed: a mapping, or a comparison.
    pub(crate) fn run_c(&self, timed: c::TimedLoop, data: &mut [u8]) -> Result<u64> {
        let args = c::Loop {
            mapping: self.c,
            phys: self.phys,
            offsets: self.offsets.as_ptr(),
            count: self.offsets.len(),
            data: data.as_mut_ptr(),
            pattern: self.pattern.as_ptr(),
            bytes: self.bytes,
        };
        // SAFETY: By the invariant. A workload's loop is one for which `new` has made what it needs.
        match unsafe { timed(&args) } {
            0 => Err(EIO),
            ticks => Ok(ticks),
        }
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        if !self.c.is_null() {
            // SAFETY: Made by `new`, freed here only, and nothing maps it any more.
            unsafe { c::iomrs_b_aperture_free(self.c) };
        }
    }
}

/// Numbers without order, the same ones each time (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut next = self.0;
        next = (next ^ next >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        next = (next ^ next >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        next ^ next >> 31
    }
}
