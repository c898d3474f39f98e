// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! What a pair of registers of a variable MTRR says.
//!
//! Pure logic without kernel imports: `selftests/host` tests it against a naive model.

/// In the register of the mask: the pair is in use.
const VALID: u64 = 1 << 11;
/// The bits of both registers that are of an address.
const ADDRESS: u64 = !0xfff;

/// Whether a variable MTRR may begin or end within the addresses `start` to `last`, by its register of the mask. It
/// does not where they have the same bits from the mask's lowest 1 on.
#[inline(always)]
pub(crate) fn may_split(mask: u64, start: u64, last: u64) -> bool {
    let mask = mask & ADDRESS;
    (start ^ last) >= mask & mask.wrapping_neg()
}

/// The addresses of a variable MTRR: those that have the bits of `base` where `mask` has a 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VariableRange {
    base: u64,
    mask: u64,
}

impl VariableRange {
    /// From the register of the mask and from that of the base, which is read if the pair is in use.
    pub(crate) fn new(mask: u64, base: impl FnOnce() -> u64) -> Option<Self> {
        (mask & VALID != 0).then(|| Self {
            base: base() & ADDRESS,
            mask: mask & ADDRESS,
        })
    }

    /// Whether the MTRR covers all of the addresses `start` to `last`, or none.
    ///
    /// A mask with a 0 between 1s, which firmware should not set, cuts the range into pieces: `false`.
    pub(crate) fn is_uniform(self, start: u64, last: u64) -> bool {
        let size_shift = self.mask.trailing_zeros();
        let Some(ones) = self.mask.checked_shr(size_shift) else {
            // No 1: every address.
            return true;
        };
        let range_first = self.base & self.mask;
        let range_last = range_first | ((1 << size_shift) - 1);
        let is_one_piece = ones & ones.wrapping_add(1) == 0;
        let is_outside = last < range_first || start > range_last;
        let is_inside = start >= range_first && last <= range_last;
        is_one_piece && (is_outside || is_inside)
    }
}
