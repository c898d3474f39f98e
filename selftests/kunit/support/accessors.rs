// SPDX-License-Identifier: GPL-2.0

//! Every accessor, the library's and C's.

use crate::c;
use core::ffi::c_void;
use kernel::prelude::*;

/// How one value is read or written. `c/accessors.c` has the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Access {
    Plain8,
    Plain16,
    Plain32,
    Plain64,
    Be16,
    Be32,
    Be64,
    LoHi64,
    HiLo64,
    BeLoHi64,
    BeHiLo64,
    Relaxed8,
    Relaxed16,
    Relaxed32,
    Relaxed64,
}

impl Access {
    /// Bytes of a value.
    pub(crate) fn width(self) -> usize {
        use Access::*;
        match self {
            Plain8 | Relaxed8 => 1,
            Plain16 | Be16 | Relaxed16 => 2,
            Plain32 | Be32 | Relaxed32 => 4,
            _ => 8,
        }
    }

    /// What an offset must be a multiple of in the library. C takes any offset on x86.
    pub(crate) fn align(self) -> usize {
        use Access::*;
        match self {
            LoHi64 | HiLo64 | BeLoHi64 | BeHiLo64 => 4,
            _ => self.width(),
        }
    }
}

/// The library's accessors that read and write a value in one way, on an `IO`.
pub(crate) struct Accessor<IO> {
    pub(crate) access: Access,
    pub(crate) read: fn(IO, usize) -> Result<u64>,
    pub(crate) write: fn(IO, u64, usize) -> Result,
}

/// An [`Accessor`] of `$io`, or of the view that `$view` returns.
macro_rules! accessor {
    ($io:ty, $access:ident, $ty:ty, $($view:ident)?: $read:ident, $write:ident) => {
        $crate::support::accessors::Accessor::<$io> {
            access: $crate::support::accessors::Access::$access,
            read: |io, at| io$(.$view())?.$read(at).map(u64::from),
            write: |io, value, at| io$(.$view())?.$write(value as $ty, at),
        }
    };
}

/// The accessors that memory and ports have.
macro_rules! common_accessors {
    ($io:ty) => {
        [
            $crate::support::accessors::accessor!($io, Plain8, u8, : try_read8, try_write8),
            $crate::support::accessors::accessor!($io, Plain16, u16, : try_read16, try_write16),
            $crate::support::accessors::accessor!($io, Plain32, u32, : try_read32, try_write32),
            $crate::support::accessors::accessor!($io, Be16, u16, : try_read16_be, try_write16_be),
            $crate::support::accessors::accessor!($io, Be32, u32, : try_read32_be, try_write32_be),
            $crate::support::accessors::accessor!($io, LoHi64, u64, : try_read64_lo_hi, try_write64_lo_hi),
            $crate::support::accessors::accessor!($io, HiLo64, u64, : try_read64_hi_lo, try_write64_hi_lo),
            $crate::support::accessors::accessor!($io, BeLoHi64, u64, be: try_read64_lo_hi, try_write64_lo_hi),
            $crate::support::accessors::accessor!($io, BeHiLo64, u64, be: try_read64_hi_lo, try_write64_hi_lo),
        ]
    };
}

/// The accessors that memory alone has.
macro_rules! memory_accessors {
    ($io:ty) => {
        [
            #[cfg(CONFIG_64BIT)]
            $crate::support::accessors::accessor!($io, Plain64, u64, : try_read64, try_write64),
            #[cfg(CONFIG_64BIT)]
            $crate::support::accessors::accessor!($io, Be64, u64, : try_read64_be, try_write64_be),
            $crate::support::accessors::accessor!($io, Relaxed8, u8, relaxed: try_read8, try_write8),
            $crate::support::accessors::accessor!($io, Relaxed16, u16, relaxed: try_read16, try_write16),
            $crate::support::accessors::accessor!($io, Relaxed32, u32, relaxed: try_read32, try_write32),
            #[cfg(CONFIG_64BIT)]
            $crate::support::accessors::accessor!($io, Relaxed64, u64, relaxed: try_read64, try_write64),
        ]
    };
}

pub(crate) use {accessor, common_accessors, memory_accessors};

/// An integer of any width. C has repeated accesses of all but `u64`.
pub(crate) trait Value: Copy + PartialEq + Into<u64> {
    /// Returns the lowest bytes of `value`.
    fn truncate(value: u64) -> Self;

    /// Returns another value for each `n`. No two of its bytes are equal.
    fn pattern(n: usize) -> Self {
        Self::truncate(0x8796_a5b4_c3d2_e1f1 + n as u64)
    }
}

macro_rules! impl_value {
    ($($ty:ty),*) => {$(
        impl Value for $ty {
            fn truncate(value: u64) -> Self {
                value as $ty
            }
        }
    )*};
}

impl_value!(u8, u16, u32, u64);

/// The address by which C accesses memory or ports.
///
/// # Invariants
///
/// C has returned it, or an address before it, for memory or ports that nobody but the tests uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookie(pub(crate) usize);

impl Cookie {
    pub(crate) fn offset(self, bytes: usize) -> Self {
        // INVARIANT: Callers stay within what the cookie is for.
        Self(self.0 + bytes)
    }

    pub(crate) fn read(self, access: Access) -> u64 {
        // SAFETY: By the invariant nobody else uses what is accessed.
        unsafe { c::iomrs_c_ioread(self.0, access as u32) }
    }

    pub(crate) fn write(self, access: Access, value: u64) {
        // SAFETY: By the invariant nobody else uses what is accessed.
        unsafe { c::iomrs_c_iowrite(self.0, access as u32, value) }
    }

    pub(crate) fn read_rep<T: Value>(self, data: &mut [T]) {
        let (width, into) = (size_of::<T>() as u32, data.as_mut_ptr().cast::<c_void>());
        // SAFETY: By the invariant nobody else uses what is accessed, and `data` has room for `data.len()` values.
        unsafe { c::iomrs_c_ioread_rep(self.0, width, into, data.len()) }
    }

    pub(crate) fn write_rep<T: Value>(self, data: &[T]) {
        let (width, from) = (size_of::<T>() as u32, data.as_ptr().cast::<c_void>());
        // SAFETY: By the invariant nobody else uses what is accessed, and `data` has `data.len()` values.
        unsafe { c::iomrs_c_iowrite_rep(self.0, width, from, data.len()) }
    }

    pub(crate) fn copy_to_slice(self, data: &mut [u8]) {
        // SAFETY: By the invariant nobody else uses what is accessed, and `data` has room for `data.len()` bytes.
        unsafe { c::iomrs_c_memcpy_fromio(data.as_mut_ptr(), self.0, data.len()) }
    }

    pub(crate) fn copy_from_slice(self, data: &[u8]) {
        // SAFETY: By the invariant nobody else uses what is accessed, and `data` has `data.len()` bytes.
        unsafe { c::iomrs_c_memcpy_toio(self.0, data.as_ptr(), data.len()) }
    }

    pub(crate) fn fill(self, byte: u8, len: usize) {
        // SAFETY: By the invariant nobody else uses what is accessed.
        unsafe { c::iomrs_c_memset_io(self.0, byte, len) }
    }
}
