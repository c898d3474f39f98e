// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! An untyped region of any length, for accesses of every width.

use core::ptr;
use kernel::{
    io::IoLoc,
    prelude::*,
    ptr::{Alignment, KnownSize},
};

/// An untyped region of any number of bytes, at least `SIZE`.
///
/// It differs from the kernel crate's [`Region`](kernel::io::Region) in two ways. A `Region` has a
/// multiple of 4 bytes, a `ByteRegion` any number. `read64()` at a constant offset does not build
/// on a `Region`, which is aligned to 4 only; it does on a `ByteRegion`. The registers that
/// `register!` defines are those of a `Region`.
///
/// # Invariants
///
/// It has at least `SIZE` bytes. If `SIZE` is not 0, it begins at a multiple of 8.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::ioremap::Mapping;
/// use kernel::{io::Io, prelude::*};
///
/// fn last_byte(mapping: &Mapping) -> Result<u8> {
///     mapping.byte_region().try_read8(mapping.size() - 1)
/// }
///
/// fn counter(mapping: &Mapping) -> Result<u64> {
///     Ok(mapping.sized_byte_region::<0x20>()?.read64(0x18))
/// }
/// ```
#[derive(FromBytes, IntoBytes)]
#[repr(transparent)]
pub struct ByteRegion<const SIZE: usize = 0> {
    inner: [u8],
}

impl<const SIZE: usize> ByteRegion<SIZE> {
    /// Returns a pointer to `size` bytes from `addr` on. It need not be valid.
    #[inline(always)]
    pub(crate) fn ptr(addr: usize, size: usize) -> *mut Self {
        let base = ptr::without_provenance_mut::<u8>(addr);
        ptr::slice_from_raw_parts_mut(base, size) as *mut Self
    }
}

impl<const SIZE: usize> KnownSize for ByteRegion<SIZE> {
    const MIN_SIZE: usize = SIZE;
    const MIN_ALIGN: Alignment = if SIZE == 0 {
        Alignment::new::<1>()
    } else {
        Alignment::new::<8>()
    };

    #[inline(always)]
    fn size(ptr: *const Self) -> usize {
        (ptr as *const [u8]).len()
    }
}

macro_rules! impl_offsets {
    ($($ty:ty),*) => {$(
        impl<const SIZE: usize> IoLoc<ByteRegion<SIZE>, $ty> for usize {
            type IoType = $ty;

            #[inline(always)]
            fn offset(self) -> usize {
                self
            }
        }
    )*};
}

impl_offsets!(u8, u16, u32, u64);
