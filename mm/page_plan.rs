// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The choice of page sizes for a range.
//!
//! A [`Plan`] splits a mapping into runs of pages of one size, each run within one table of the
//! page table, the largest page first that both addresses and the length allow. Pure logic without
//! kernel imports: `selftests/host` tests it against a naive model.

use crate::mm::phys_range::PAGE_SHIFT;

/// Index bits of one table: what a level adds to the shift of the one below.
const TABLE_BITS: u32 = 9;
/// Page sizes, largest first, as shifts.
const PAGE_SHIFTS: [u32; 3] = [
    PAGE_SHIFT + 2 * TABLE_BITS,
    PAGE_SHIFT + TABLE_BITS,
    PAGE_SHIFT,
];

/// Pages of one size, side by side in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Virtual address of the first page.
    pub(crate) addr: u64,
    /// Physical address of the first page.
    pub(crate) phys: u64,
    /// Size of a page in bytes, as a shift.
    pub(crate) shift: u32,
    /// Number of pages, 1 to 512.
    pub(crate) count: u64,
}

impl Run {
    /// The `index`th page of the run as a plan of its own, in pages smaller than the run's: `None`
    /// where there are none, and where the run has no such page.
    pub(crate) fn split(&self, index: u64) -> Option<Plan> {
        (self.shift > PAGE_SHIFT && index < self.count).then(|| {
            let done = index << self.shift;
            Plan::new(
                self.addr + done,
                self.phys + done,
                1 << self.shift,
                self.shift - 1,
            )
        })
    }
}

/// The runs that map `[addr, addr + size)` to `[phys, phys + size)`, in order.
///
/// # Invariants
///
/// `addr`, `phys` and `left` are multiples of the small page size, and `addr + left` and
/// `phys + left` do not wrap.
pub(crate) struct Plan {
    addr: u64,
    phys: u64,
    left: u64,
    max_shift: u32,
}

impl Plan {
    /// Plans `size` bytes with pages of at most `1 << max_shift` bytes. Bits below the page size
    /// are dropped, and so is what would wrap.
    #[inline(always)]
    pub(crate) fn new(addr: u64, phys: u64, size: u64, max_shift: u32) -> Self {
        let mask = !((1 << PAGE_SHIFT) - 1);
        let (addr, phys) = (addr & mask, phys & mask);
        let left = size.min((u64::MAX - addr).min(u64::MAX - phys)) & mask;
        // INVARIANT: masked and cut just above.
        Self {
            addr,
            phys,
            left,
            max_shift,
        }
    }

    /// The largest page that can stand at the plan's next address.
    #[inline(always)]
    fn shift(&self) -> u32 {
        let fits = |shift: u32| {
            (self.addr | self.phys) & ((1 << shift) - 1) == 0 && self.left >> shift != 0
        };
        let larger = PAGE_SHIFTS
            .iter()
            .copied()
            .filter(|&shift| shift <= self.max_shift);
        larger
            .into_iter()
            .find(|&shift| fits(shift))
            .unwrap_or(PAGE_SHIFT)
    }
}

impl Iterator for Plan {
    type Item = Run;

    #[inline(always)]
    fn next(&mut self) -> Option<Run> {
        if self.left == 0 {
            return None;
        }
        let shift = self.shift();
        let in_table = (1 << TABLE_BITS) - (self.addr >> shift & ((1 << TABLE_BITS) - 1));
        let run = Run {
            addr: self.addr,
            phys: self.phys,
            shift,
            count: in_table.min(self.left >> shift),
        };
        let size = run.count << shift;
        // INVARIANT: `size` is a multiple of the page size and at most `left`, so that nothing wraps.
        self.addr = self.addr.wrapping_add(size);
        self.phys = self.phys.wrapping_add(size);
        self.left = self.left.wrapping_sub(size);
        Some(run)
    }
}
