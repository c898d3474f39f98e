// SPDX-License-Identifier: GPL-2.0

//! An aperture that is mapped as a whole and has a least size that the compiler knows: what is left
//! of a map is what cannot be known before.

use crate::io::{impl_sized_views, Local};
use crate::mm::phys_range::PAGE_SIZE;
use core::marker::PhantomData;
use kernel::{io::ResourceSize, prelude::*};

/// Bytes of a page, as a `usize`.
// CAST: 4096.
const PAGE: usize = PAGE_SIZE as usize;

/// An aperture of at least `SIZE` bytes, mapped as a whole. See
/// [`IoMapping::sized`](super::IoMapping::sized).
///
/// # Invariants
///
/// `SIZE` bytes from `addr` on are mapped for as long as the aperture is borrowed.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::IoMapping;
/// use kernel::{io::Io, prelude::*};
///
/// /// The 16 MiB of a frame buffer: pages are found without a check.
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
    /// The invariant.
    #[inline(always)]
    pub(super) unsafe fn new(addr: usize) -> Self {
        // INVARIANT: As required of our caller.
        Self {
            addr,
            aperture: PhantomData,
        }
    }

    /// Maps the page at `OFFSET`, which is a multiple of the page size and ends within `SIZE`: else
    /// this does not build. Nothing is left to check at run time.
    ///
    /// # Context
    ///
    /// As [`IoMapping::map_local`](super::IoMapping::map_local).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io_mapping::SizedIoMapping;
    /// use kernel::io::Io;
    ///
    /// /// The mailbox is in the second page.
    /// fn ring(memory: SizedIoMapping<'_, 0x10000>) {
    ///     memory.map_local::<0x1000>().write32(1, 0x20);
    /// }
    /// ```
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
        // INVARIANT: A page within the `SIZE` bytes.
        PageMap {
            addr: self.addr.wrapping_add(OFFSET),
            aperture: PhantomData,
        }
    }

    /// Maps the page at `offset`, which is known at run time only and within `SIZE` bytes. `SIZE`
    /// is a power of two and at least a page, as BARs are: else this does not build. One test, as
    /// no such offset has any other bit.
    ///
    /// # Errors
    ///
    /// `EINVAL` where `offset` is not a multiple of the page size, or the page not within `SIZE`.
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
    /// /// Each of the contexts has a page.
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
        if u64::from(offset) & !((SIZE - PAGE) as u64) != 0 {
            return Err(EINVAL);
        }
        // INVARIANT: A page within the `SIZE` bytes, as just checked. CAST: less than `SIZE`.
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
/// A page from `addr` on is mapped for as long as the aperture is borrowed.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::io_mapping::PageMap;
/// use kernel::io::Io;
///
/// /// Every offset within a page is fine, and the compiler knows.
/// fn stamp(page: &PageMap<'_>, time: u32) {
///     page.write32(time, 0xff8);
///     page.write32(!time, 0xffc);
/// }
/// ```
pub struct PageMap<'a> {
    addr: usize,
    aperture: PhantomData<(&'a super::IoMapping, Local)>,
}

impl PageMap<'_> {
    /// The virtual address of the first byte.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io_mapping::PageMap;
    ///
    /// /// Whether two maps are of the same page.
    /// fn is_same(one: &PageMap<'_>, other: &PageMap<'_>) -> bool {
    ///     one.addr() == other.addr()
    /// }
    /// ```
    #[inline(always)]
    pub fn addr(&self) -> usize {
        self.addr
    }

    /// Bytes: a page.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::io_mapping::PageMap;
    /// use kernel::prelude::*;
    ///
    /// fn clear(page: &PageMap<'_>) -> Result {
    ///     page.try_fill(0, page.size(), 0)
    /// }
    /// ```
    #[inline(always)]
    pub fn size(&self) -> usize {
        PAGE
    }
}

impl_sized_views!(PageMap<'_>, Local, PAGE);
