// SPDX-License-Identifier: GPL-2.0

//! Apertures that are mapped as a whole and whose least size the compiler knows. Maps at constant
//! offsets need no check at run time.

use crate::io::{impl_sized_views, Local};
use crate::ioremap::ResourceSize;
use crate::mm::phys_range::PAGE_SIZE;
use core::marker::PhantomData;
use kernel::prelude::*;

/// The page size as a `usize`.
// CAST: 4096.
const PAGE: usize = PAGE_SIZE as usize;

/// An aperture of at least `SIZE` bytes that is mapped as a whole. See
/// [`IoMapping::sized`](super::IoMapping::sized).
///
/// # Invariants
///
/// The `SIZE` bytes from `addr` on, which is a multiple of the page size, are mapped to the aperture
/// for as long as it is borrowed.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::IoMapping;
/// use kernel::{io::Io, prelude::*};
///
/// /// Reads the first and the last pixel of a frame buffer of 16 MiB.
/// fn corners(screen: &IoMapping) -> Result<(u32, u32)> {
///     let screen = screen.sized::<{ 16 << 20 }>()?;
///     let (first, last) = (screen.map_local::<0>(), screen.map_local::<0xff_f000>());
///     Ok((first.read32(0), last.read32(0xffc)))
/// }
/// ```
#[derive(Clone, Copy)]
pub struct SizedIoMapping<'a, const SIZE: usize> {
    addr: usize,
    aperture: PhantomData<&'a super::IoMapping>,
}

impl<'a, const SIZE: usize> SizedIoMapping<'a, SIZE> {
    /// # Safety
    ///
    /// The `SIZE` bytes from `addr` on, which is a multiple of the page size, are mapped to an
    /// aperture for as long as `'a`.
    #[inline(always)]
    pub(super) unsafe fn new(addr: usize) -> Self {
        // INVARIANT: Our caller guarantees it.
        Self {
            addr,
            aperture: PhantomData,
        }
    }

    /// Maps the page at `OFFSET`, which is checked at compile time: it must be a multiple of the page
    /// size, and the page must end within `SIZE`.
    ///
    /// # Context
    ///
    /// As [`IoMapping::map_local`](super::IoMapping::map_local).
    #[inline(always)]
    pub fn map_local<const OFFSET: usize>(self) -> PageMap<'a> {
        const {
            assert!(
                OFFSET % PAGE == 0,
                "the offset is not a multiple of the page size"
            );
            assert!(
                SIZE >= PAGE && OFFSET <= SIZE - PAGE,
                "the page leaves the aperture"
            );
        };
        // INVARIANT: The page is one of the `SIZE` bytes that are mapped, as the compiler has checked.
        PageMap {
            addr: self.addr.wrapping_add(OFFSET),
            aperture: PhantomData,
        }
    }

    /// Maps the page at `offset`, which is known only at run time. One test is left, as `SIZE` must
    /// be a power of two and at least a page, which is checked at compile time. The sizes of BARs are.
    ///
    /// # Errors
    ///
    /// `EINVAL` where `offset` is not a multiple of the page size, or not below `SIZE`.
    ///
    /// # Context
    ///
    /// As [`IoMapping::map_local`](super::IoMapping::map_local).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io_mapping::SizedIoMapping;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// Resets a context of a device that has a page for each.
    /// fn reset(memory: SizedIoMapping<'_, 0x10_0000>, context: u8) -> Result {
    ///     memory.try_map_local(u64::from(context) << 12)?.write32(0, 0x0);
    ///     Ok(())
    /// }
    /// ```
    #[inline(always)]
    pub fn try_map_local(self, offset: ResourceSize) -> Result<PageMap<'a>> {
        const {
            assert!(
                SIZE.is_power_of_two() && SIZE >= PAGE,
                "the size is not a power of two of at least a page"
            );
        };
        // The offsets of pages within `SIZE` have these bits and no others.
        if u64::from(offset) & !((SIZE - PAGE) as u64) != 0 {
            return Err(EINVAL);
        }
        // INVARIANT: The page is one of the `SIZE` bytes that are mapped, as just checked. CAST: The
        // offset is less than `SIZE`.
        Ok(PageMap {
            addr: self.addr.wrapping_add(offset as usize),
            aperture: PhantomData,
        })
    }
}

/// A whole page of an aperture, mapped for the calling task. See [`SizedIoMapping`].
///
/// # Invariants
///
/// The page from `addr` on, which is a multiple of the page size, is mapped to the aperture for as
/// long as it is borrowed.
pub struct PageMap<'a> {
    addr: usize,
    aperture: PhantomData<(&'a super::IoMapping, Local)>,
}

impl PageMap<'_> {
    /// The virtual address of the first byte.
    #[inline(always)]
    pub fn addr(&self) -> usize {
        self.addr
    }

    /// The number of bytes: a page.
    #[inline(always)]
    pub fn size(&self) -> usize {
        PAGE
    }
}

impl_sized_views!(PageMap<'_>, Local, PAGE);
