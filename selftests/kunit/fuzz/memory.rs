// SPDX-License-Identifier: GPL-2.0

//! What both kinds of guards have for accesses.

use io_mapping_rs::io_mapping::{LocalMap, Map};
use kernel::prelude::*;

/// How a value is accessed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// Bytes of the value.
    pub(super) width: usize,
    /// By a `ByteRegion`, or by a `Region`, which has a multiple of 4 bytes.
    pub(super) bytes: bool,
}

/// Memory that a guard keeps mapped.
pub(super) trait Memory {
    fn len(&self) -> usize;
    fn read(&self, way: Way, at: usize) -> Result<u64>;
    fn write(&self, way: Way, value: u64, at: usize) -> Result;
    fn copy_out(&self, at: usize, data: &mut [u8]) -> Result;
    fn copy_in(&self, at: usize, data: &[u8]) -> Result;
    fn fill(&self, at: usize, len: usize, byte: u8) -> Result;

    /// May a value be accessed at `at`?
    fn has(&self, way: Way, at: u64) -> bool {
        let len = if way.bytes {
            self.len()
        } else {
            self.len() & !3
        };
        let end = at.checked_add(way.width as u64);
        at % way.width as u64 == 0 && end.is_some_and(|end| end <= len as u64)
    }

    /// Do `len` bytes from `at` on lie within the memory?
    fn has_bytes(&self, at: u64, len: usize) -> bool {
        let end = at.checked_add(len as u64);
        end.is_some_and(|end| end <= self.len() as u64)
    }
}

macro_rules! read {
    ($io:expr, $width:expr, $at:expr) => {
        match $width {
            1 => $io.try_read8($at).map(u64::from),
            2 => $io.try_read16($at).map(u64::from),
            4 => $io.try_read32($at).map(u64::from),
            _ => $io.try_read64($at),
        }
    };
}

macro_rules! write {
    ($io:expr, $width:expr, $value:expr, $at:expr) => {
        match $width {
            1 => $io.try_write8($value as u8, $at),
            2 => $io.try_write16($value as u16, $at),
            4 => $io.try_write32($value as u32, $at),
            _ => $io.try_write64($value, $at),
        }
    };
}

macro_rules! impl_memory {
    ($($guard:ty),*) => {$(
        impl Memory for $guard {
            fn len(&self) -> usize {
                self.size()
            }

            fn read(&self, way: Way, at: usize) -> Result<u64> {
                if way.bytes {
                    read!(self.byte_region(), way.width, at)
                } else {
                    read!(self, way.width, at)
                }
            }

            fn write(&self, way: Way, value: u64, at: usize) -> Result {
                if way.bytes {
                    write!(self.byte_region(), way.width, value, at)
                } else {
                    write!(self, way.width, value, at)
                }
            }

            fn copy_out(&self, at: usize, data: &mut [u8]) -> Result {
                self.try_copy_to_slice(at, data)
            }

            fn copy_in(&self, at: usize, data: &[u8]) -> Result {
                self.try_copy_from_slice(at, data)
            }

            fn fill(&self, at: usize, len: usize, byte: u8) -> Result {
                self.try_fill(at, len, byte)
            }
        }
    )*};
}

impl_memory!(Map<'_>, LocalMap<'_>);
