// SPDX-License-Identifier: GPL-2.0

//! Arithmetic on ranges of physical addresses and on offsets into an aperture.
//!
//! Pure logic without kernel imports: `selftests/host` tests it exhaustively. Addresses are `u64`
//! whatever the width of a pointer, so that nothing here depends on the machine.

/// Bytes of a small page, as a shift.
pub(crate) const PAGE_SHIFT: u32 = 12;
/// Bytes of a small page.
pub(crate) const PAGE_SIZE: u64 = 1 << PAGE_SHIFT;

/// Returns `addr`, and tells the compiler that it is the address of a page: then alignment needs no
/// test.
///
/// # Safety
///
/// `addr` is a multiple of the page size.
#[inline(always)]
pub(crate) const unsafe fn page_addr(addr: usize) -> usize {
    // SAFETY: By the caller's promise `addr` is a multiple of the page size.
    unsafe { core::hint::assert_unchecked(addr as u64 % PAGE_SIZE == 0) };
    addr
}

/// Why a range is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RangeError {
    /// The range has no bytes.
    Empty,
    /// The last byte lies past the end of the number space.
    Wraps,
    /// A byte lies past the width of a physical address.
    TooWide,
    /// Offset, or offset + size, leaves the aperture.
    Outside,
    /// Not a multiple of the page size.
    Misaligned,
}

/// A range of physical addresses in bytes.
///
/// # Invariants
///
/// `first <= last`: never empty, and never past the end of the number space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PhysRange {
    first: u64,
    last: u64,
}

impl PhysRange {
    /// The range of `size` bytes from `start`, whose every byte must be below `1 << bits`.
    ///
    /// # Errors
    ///
    /// [`RangeError::Empty`], [`RangeError::Wraps`], [`RangeError::TooWide`].
    pub(crate) const fn new(start: u64, size: u64, bits: u32) -> Result<Self, RangeError> {
        if size == 0 {
            return Err(RangeError::Empty);
        }
        let Some(last) = start.checked_add(size - 1) else {
            return Err(RangeError::Wraps);
        };
        if bits < u64::BITS && last >> bits != 0 {
            return Err(RangeError::TooWide);
        }
        // INVARIANT: `last` is `start` plus something, without overflow.
        Ok(Self { first: start, last })
    }

    /// Returns the offset of the first byte in its page.
    pub(crate) const fn page_offset(self) -> u64 {
        self.first & (PAGE_SIZE - 1)
    }

    /// Returns the address of the first page.
    pub(crate) const fn page_start(self) -> u64 {
        self.first & !(PAGE_SIZE - 1)
    }

    /// Returns the number of pages that hold the range, at least one.
    pub(crate) const fn pages(self) -> u64 {
        (self.last >> PAGE_SHIFT) - (self.first >> PAGE_SHIFT) + 1
    }
}

/// Refuses `offset` unless it is a multiple of the page size and `offset + len` stays within `size`
/// bytes.
///
/// # Errors
///
/// [`RangeError::Empty`] for no bytes, [`RangeError::Misaligned`], [`RangeError::Outside`].
#[inline]
pub(crate) const fn check_offset(size: u64, offset: u64, len: u64) -> Result<(), RangeError> {
    if len == 0 {
        return Err(RangeError::Empty);
    }
    if offset & (PAGE_SIZE - 1) != 0 {
        return Err(RangeError::Misaligned);
    }
    match offset.checked_add(len) {
        Some(end) if end <= size => Ok(()),
        _ => Err(RangeError::Outside),
    }
}
