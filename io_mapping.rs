// SPDX-License-Identifier: GPL-2.0

//! L3: the aperture object and its three kinds of map.
//!
//! An [`IoMapping`] stands for a large range of device memory, such as a frame buffer, of which a
//! driver maps pieces for a short while. A map is a guard that borrows the aperture, so that use
//! after free, double unmap and freeing an aperture with live maps do not compile:
//!
//! ```
//! use io_mapping_rs::IoMapping;
//! use kernel::{io::Io, prelude::*};
//!
//! fn clear_first_word(aperture: &IoMapping) -> Result {
//!     let page = aperture.map_local(0)?;
//!     page.try_write32(0, 0)
//! }
//! ```
//!
//! | | may sleep | other tasks | side effects |
//! |---|---|---|---|
//! | [`map`](IoMapping::map) | yes | yes | none |
//! | [`map_local`](IoMapping::map_local) | yes | no | none to rely on |
//! | [`map_atomic`](IoMapping::map_atomic) | no | no | preemption and page faults off |
//!
//! The aperture is mapped once, as a whole, with the largest pages that fit, and a map is an
//! addition. That is what C does on 64-bit machines.
//!
//! C header: [`include/linux/io-mapping.h`](srctree/include/linux/io-mapping.h)

use crate::{
    bindings,
    cache_mode::CacheMode,
    io::{impl_views, Local, Shared},
    ioremap::{Mapping, Options},
    range::{self, PAGE_SHIFT, PAGE_SIZE},
};
use core::marker::PhantomData;
use kernel::{
    io::{PhysAddr, ResourceSize},
    prelude::*,
};

/// Bytes of a page, as a `usize`.
// CAST: 4096.
const PAGE: usize = PAGE_SIZE as usize;

/// A range of device memory to be mapped piecewise (C: `struct io_mapping`).
///
/// # Invariants
///
/// `whole` maps the aperture and begins at a page boundary.
pub struct IoMapping {
    whole: Mapping,
}

impl IoMapping {
    /// An aperture of `size` bytes from physical address `base` on, write combining
    /// (C: `io_mapping_create_wc()`).
    ///
    /// # Errors
    ///
    /// As [`IoMapping::new`].
    ///
    /// # Safety
    ///
    /// As [`IoMapping::new`].
    pub unsafe fn new_wc(base: PhysAddr, size: ResourceSize) -> Result<Self> {
        // SAFETY: As required of our caller.
        unsafe { Self::new(base, size, Options::new(CacheMode::WriteCombining)) }
    }

    /// An aperture of `size` bytes from physical address `base` on, mapped with `options`.
    ///
    /// # Errors
    ///
    /// Those of [`Options::map`], and `EINVAL` where `base` is not a multiple of the page size.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// The range is device memory for as long as the aperture lives, and the caller has the right
    /// to it: no store through it breaks anybody's memory.
    pub unsafe fn new(base: PhysAddr, size: ResourceSize, options: Options) -> Result<Self> {
        if u64::from(base) & (PAGE_SIZE - 1) != 0 {
            return Err(EINVAL);
        }
        // SAFETY: As required of our caller.
        let whole = unsafe { options.map(base, size)? };
        // INVARIANT: `base` is at a page boundary, and so is the mapping.
        Ok(Self { whole })
    }

    /// Bytes of the aperture.
    #[inline]
    pub fn size(&self) -> usize {
        self.whole.size()
    }

    /// The mapping of the whole aperture, to ask for its cache mode and entries.
    pub fn whole(&self) -> &Mapping {
        &self.whole
    }

    /// Maps `size` bytes from `offset` on, for any task and for as long as the guard lives
    /// (C: `io_mapping_map_wc()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where `size` is 0, `offset` is not a multiple of the page size, or `offset + size`
    /// leaves the aperture. C checks none of it.
    ///
    /// # Context
    ///
    /// May sleep.
    #[inline]
    pub fn map(&self, offset: ResourceSize, size: ResourceSize) -> Result<Map<'_>> {
        range::check_offset(self.size() as u64, offset.into(), size.into())?;
        // CAST: both are at most the aperture's size, a `usize`.
        let (offset, size) = (offset as usize, size as usize);
        // INVARIANT: within the aperture, as just checked.
        Ok(Map {
            addr: self.whole.addr() + offset,
            size,
            aperture: PhantomData,
        })
    }

    /// Maps the page at `offset` for the calling task (C: `io_mapping_map_local_wc()`).
    ///
    /// The last page of an aperture that is not a multiple of the page size is cut short.
    ///
    /// # Errors
    ///
    /// `EINVAL` where `offset` is not a multiple of the page size or not below the aperture's size.
    ///
    /// # Context
    ///
    /// Any. The task may sleep while it holds the guard, but no other may use it.
    #[inline(always)]
    pub fn map_local(&self, offset: ResourceSize) -> Result<LocalMap<'_>> {
        // Bits below a page, turned to the top, make any number too large: one comparison for both.
        let page = u64::from(offset).rotate_right(PAGE_SHIFT);
        let pages = (self.size() as u64).div_ceil(PAGE_SIZE);
        if page >= pages {
            return Err(EINVAL);
        }
        // CAST: below the aperture's size, a `usize`.
        let offset = offset as usize;
        // INVARIANT: within the aperture, as just checked.
        Ok(LocalMap {
            addr: self.whole.addr() + offset,
            size: (self.size() - offset).min(PAGE),
            aperture: PhantomData,
        })
    }

    /// As [`map_local`](Self::map_local), with preemption (on `PREEMPT_RT`: migration) and page
    /// faults off while the guard lives (C: `io_mapping_map_atomic_wc()`).
    ///
    /// # Errors
    ///
    /// As [`map_local`](Self::map_local).
    ///
    /// # Context
    ///
    /// Any. The holder must not sleep.
    // Not inlined, as a user's module cannot reach the shim. Nor is the guard's drop.
    #[inline(never)]
    pub fn map_atomic(&self, offset: ResourceSize) -> Result<AtomicMap<'_>> {
        let map = self.map_local(offset)?;
        bindings::iomrs_map_atomic_begin();
        // INVARIANT: preemption and page faults are off, just now.
        Ok(AtomicMap { map })
    }

    /// The aperture with a least size that the compiler knows, for offsets proven at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer than `SIZE` bytes.
    #[inline]
    pub fn sized<const SIZE: usize>(&self) -> Result<SizedIoMapping<'_, SIZE>> {
        if self.size() < SIZE {
            return Err(EINVAL);
        }
        // INVARIANT: just checked.
        Ok(SizedIoMapping { aperture: self })
    }
}

/// An aperture of at least `SIZE` bytes, see [`IoMapping::sized`].
///
/// # Invariants
///
/// `aperture.size() >= SIZE`.
#[derive(Clone, Copy)]
pub struct SizedIoMapping<'a, const SIZE: usize> {
    aperture: &'a IoMapping,
}

impl<'a, const SIZE: usize> SizedIoMapping<'a, SIZE> {
    /// Maps the page at `OFFSET`, which is a multiple of the page size and ends within `SIZE`: else
    /// this does not build. Nothing is checked at run time.
    ///
    /// # Context
    ///
    /// As [`IoMapping::map_local`].
    #[inline(always)]
    pub fn map_local<const OFFSET: usize>(self) -> LocalMap<'a> {
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
        // INVARIANT: within `SIZE` bytes, which the aperture has.
        LocalMap {
            addr: self.aperture.whole.addr() + OFFSET,
            size: PAGE,
            aperture: PhantomData,
        }
    }
}

/// A piece of an aperture, mapped for any task. See [`IoMapping::map`].
///
/// # Invariants
///
/// `size` bytes from `addr` on lie within the mapping of the aperture.
pub struct Map<'a> {
    addr: usize,
    size: usize,
    aperture: PhantomData<&'a IoMapping>,
}

impl Map<'_> {
    /// The virtual address of the first byte.
    #[inline(always)]
    pub fn addr(&self) -> usize {
        self.addr
    }

    /// Bytes.
    #[inline(always)]
    pub fn size(&self) -> usize {
        self.size
    }
}

impl_views!(Map<'_>, Shared);

/// A page of an aperture, mapped for the calling task. See [`IoMapping::map_local`].
///
/// # Invariants
///
/// `size` bytes from `addr` on lie within the mapping of the aperture.
pub struct LocalMap<'a> {
    addr: usize,
    size: usize,
    aperture: PhantomData<(&'a IoMapping, Local)>,
}

impl LocalMap<'_> {
    /// The virtual address of the first byte.
    #[inline(always)]
    pub fn addr(&self) -> usize {
        self.addr
    }

    /// Bytes: a page, or what is left of the aperture.
    #[inline(always)]
    pub fn size(&self) -> usize {
        self.size
    }
}

impl_views!(LocalMap<'_>, Local);

/// A page of an aperture, mapped while preemption and page faults are off. See
/// [`IoMapping::map_atomic`]. Lends what a [`LocalMap`] lends.
///
/// # Invariants
///
/// Preemption (on `PREEMPT_RT`: migration) and page faults were turned off for this guard.
pub struct AtomicMap<'a> {
    map: LocalMap<'a>,
}

impl<'a> core::ops::Deref for AtomicMap<'a> {
    type Target = LocalMap<'a>;

    #[inline(always)]
    fn deref(&self) -> &LocalMap<'a> {
        &self.map
    }
}

impl Drop for AtomicMap<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: By the invariant they were turned off for this guard, and by the same task, as it
        // cannot be sent.
        unsafe { bindings::iomrs_map_atomic_end() };
    }
}
