// SPDX-License-Identifier: GPL-2.0

//! Every accessor of one value, ours and C's, and the memory that both work on.

use crate::{
    c,
    support::{compare::*, outcome::*, ranges::*},
};
use core::ffi::c_void;
use io_mapping_rs::{CacheMode, Mapping};
use kernel::prelude::*;

/// How one value is read or written. C knows the forms by these numbers: see `c/accessors.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Form {
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

impl Form {
    /// Bytes of a value.
    pub(crate) fn width(self) -> usize {
        use Form::*;
        match self {
            Plain8 | Relaxed8 => 1,
            Plain16 | Be16 | Relaxed16 => 2,
            Plain32 | Be32 | Relaxed32 => 4,
            _ => 8,
        }
    }

    /// Of what an offset must be a multiple with us. C minds no alignment on x86.
    pub(crate) fn align(self) -> usize {
        use Form::*;
        match self {
            LoHi64 | HiLo64 | BeLoHi64 | BeHiLo64 => 4,
            _ => self.width(),
        }
    }
}

/// Our accessors of one form, on an `IO`.
pub(crate) struct Accessor<IO> {
    pub(crate) form: Form,
    pub(crate) read: fn(IO, usize) -> Result<u64>,
    pub(crate) write: fn(IO, u64, usize) -> Result,
}

/// An [`Accessor`] of `$io`: of that itself or of what `$via` makes of it.
macro_rules! accessor {
    ($io:ty, $form:ident, $ty:ty, $($via:ident)?: $read:ident, $write:ident) => {
        $crate::support::accessors::Accessor::<$io> {
            form: $crate::support::accessors::Form::$form,
            read: |io, at| io$(.$via())?.$read(at).map(u64::from),
            write: |io, value, at| io$(.$via())?.$write(value as $ty, at),
        }
    };
}

/// Those that memory and ports have.
macro_rules! common {
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

/// Those that memory has besides.
macro_rules! of_memory {
    ($io:ty) => {
        [
            $crate::support::accessors::accessor!($io, Plain64, u64, : try_read64, try_write64),
            $crate::support::accessors::accessor!($io, Be64, u64, : try_read64_be, try_write64_be),
            $crate::support::accessors::accessor!($io, Relaxed8, u8, relaxed: try_read8, try_write8),
            $crate::support::accessors::accessor!($io, Relaxed16, u16, relaxed: try_read16, try_write16),
            $crate::support::accessors::accessor!($io, Relaxed32, u32, relaxed: try_read32, try_write32),
            $crate::support::accessors::accessor!($io, Relaxed64, u64, relaxed: try_read64, try_write64),
        ]
    };
}

pub(crate) use {accessor, common, of_memory};

/// An integer that C's string forms know, or `u64`, which they do not.
pub(crate) trait Value: Copy + PartialEq + Into<u64> {
    /// The lowest bytes of `value`.
    fn lowest(value: u64) -> Self;

    /// Another one for each number, with no two bytes alike.
    fn number(n: usize) -> Self {
        Self::lowest(0x8796_a5b4_c3d2_e1f1 + n as u64)
    }
}

macro_rules! impl_value {
    ($($ty:ty),*) => {$(
        impl Value for $ty {
            fn lowest(value: u64) -> Self {
                value as $ty
            }
        }
    )*};
}

impl_value!(u8, u16, u32, u64);

/// What C accesses memory or a port by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookie(pub(crate) usize);

impl Cookie {
    pub(crate) fn at(self, offset: usize) -> Self {
        Self(self.0 + offset)
    }

    pub(crate) fn read(self, form: Form) -> u64 {
        // SAFETY: The tests take cookies of memory and ports that are theirs.
        unsafe { c::iomrs_c_ioread(self.0, form as u32) }
    }

    pub(crate) fn write(self, form: Form, value: u64) {
        // SAFETY: As above.
        unsafe { c::iomrs_c_iowrite(self.0, form as u32, value) }
    }

    pub(crate) fn read_rep<T: Value>(self, data: &mut [T]) {
        let (width, into) = (size_of::<T>() as u32, data.as_mut_ptr().cast::<c_void>());
        // SAFETY: As above, and `data` has room for as many.
        unsafe { c::iomrs_c_ioread_rep(self.0, width, into, data.len()) }
    }

    pub(crate) fn write_rep<T: Value>(self, data: &[T]) {
        let (width, from) = (size_of::<T>() as u32, data.as_ptr().cast::<c_void>());
        // SAFETY: As above, and `data` has as many.
        unsafe { c::iomrs_c_iowrite_rep(self.0, width, from, data.len()) }
    }

    pub(crate) fn copy_to_slice(self, data: &mut [u8]) {
        // SAFETY: As above, and `data` has room for as many.
        unsafe { c::iomrs_c_memcpy_fromio(data.as_mut_ptr(), self.0, data.len()) }
    }

    pub(crate) fn copy_from_slice(self, data: &[u8]) {
        // SAFETY: As above, and `data` has as many.
        unsafe { c::iomrs_c_memcpy_toio(self.0, data.as_ptr(), data.len()) }
    }

    pub(crate) fn fill(self, byte: u8, len: usize) {
        // SAFETY: As above.
        unsafe { c::iomrs_c_memset_io(self.0, byte, len) }
    }
}

/// Memory that both sides work on: the first bytes of a BAR, mapped by C.
pub(crate) struct Canvas {
    phys: u64,
    theirs: Theirs,
}

impl Canvas {
    /// Bytes that are looked at.
    pub(crate) const SIZE: usize = 192;
    /// What they are before a test writes: no byte like its neighbours.
    pub(crate) const BEFORE: [u8; Self::SIZE] = {
        let mut bytes = [0; Self::SIZE];
        let mut at = 0;
        while at < Self::SIZE {
            bytes[at] = (at * 37 + 11) as u8;
            at += 1;
        }
        bytes
    };

    pub(crate) fn new(bar: Range) -> Outcome<Self> {
        match Theirs::map(CacheMode::UncachedMinus, bar.phys, PAGE) {
            Some(theirs) => Ok(Self {
                phys: bar.phys,
                theirs,
            }),
            None => fail!("C maps nothing"),
        }
    }

    /// Our mapping of `size` bytes from `base` on.
    pub(crate) fn ours(&self, base: usize, size: usize) -> Outcome<Mapping> {
        let mode = CacheMode::UncachedMinus;
        Ok(check_ok!(ours(mode, self.phys + base as u64, size as u64)))
    }

    pub(crate) fn cookie(&self, at: usize) -> Cookie {
        Cookie(self.theirs.addr() + at)
    }

    pub(crate) fn reset(&self) {
        self.cookie(0).copy_from_slice(&Self::BEFORE);
    }

    pub(crate) fn bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        self.cookie(0).copy_to_slice(&mut bytes);
        bytes
    }

    /// What `write` makes of the bytes.
    pub(crate) fn after(&self, write: impl FnOnce()) -> [u8; Self::SIZE] {
        self.reset();
        write();
        self.bytes()
    }

    /// Fails the test if a byte is not as before, outside of `len` from `at` on.
    pub(crate) fn untouched_but(bytes: &[u8; Self::SIZE], at: usize, len: usize) -> Outcome {
        let end = at + len;
        check_eq!(bytes[..at], Self::BEFORE[..at]);
        check_eq!(bytes[end..], Self::BEFORE[end..]);
        Ok(())
    }
}
