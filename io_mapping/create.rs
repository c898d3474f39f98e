// SPDX-License-Identifier: GPL-2.0

//! How an aperture comes to be.

use super::{suits_whole, Backing, IoMapping, Sparse};
use crate::io_mapping::sparse::chunks::Directory;
use crate::ioremap::{Mapping, Options};
use crate::mm::cache_mode::CacheMode;
use crate::mm::phys_range::{PAGE_SHIFT, PAGE_SIZE};
use crate::tracking::counters;
use crate::tracking::MappingKind;
use kernel::{
    io::{PhysAddr, ResourceSize},
    prelude::*,
};

/// How an aperture is mapped, see the [module](super).
///
/// # Examples
///
/// ```
/// use io_mapping_rs::Strategy;
///
/// /// The driver maps a few pages of its memory, or all of it all the time.
/// fn strategy(all_the_time: bool) -> Strategy {
///     if all_the_time {
///         Strategy::Whole
///     } else {
///         Strategy::Sparse
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// [`Whole`](Self::Whole) where the kernel gives large pages and the aperture is small beside
    /// the address space, else [`Sparse`](Self::Sparse).
    #[default]
    Auto,
    /// Mapped once, as a whole.
    Whole,
    /// Mapped where and when it is asked for.
    Sparse,
}

impl IoMapping {
    /// An aperture of `size` bytes from physical address `base` on, write combining
    /// (C: `io_mapping_create_wc()`).
    ///
    /// # Errors
    ///
    /// As [`IoMapping::new`].
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// As [`IoMapping::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// A frame buffer of 16 MiB, which is no BAR.
    /// fn screen(frame_buffer: PhysAddr) -> Result<IoMapping> {
    ///     // SAFETY: The firmware has given it to us, and nobody else stores to it.
    ///     unsafe { IoMapping::new_wc(frame_buffer, 16 << 20) }
    /// }
    /// ```
    #[track_caller]
    pub unsafe fn new_wc(base: PhysAddr, size: ResourceSize) -> Result<Self> {
        // SAFETY: As required of our caller.
        unsafe { Self::new(base, size, Options::new(CacheMode::WriteCombining)) }
    }

    /// An aperture of `size` bytes from physical address `base` on, mapped with `options`, by the
    /// strategy that suits the kernel.
    ///
    /// # Errors
    ///
    /// As [`IoMapping::with_strategy`].
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// As [`IoMapping::with_strategy`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, CacheMode, IoMapping};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Flash memory, where each store counts.
    /// fn flash(chip: PhysAddr) -> Result<IoMapping> {
    ///     let options = Options::new(CacheMode::Uncached).exact();
    ///     // SAFETY: The chip is ours, all 64 MiB of it.
    ///     unsafe { IoMapping::new(chip, 64 << 20, options) }
    /// }
    /// ```
    #[track_caller]
    pub unsafe fn new(base: PhysAddr, size: ResourceSize, options: Options) -> Result<Self> {
        // SAFETY: As required of our caller.
        unsafe { Self::with_strategy(base, size, options, Strategy::Auto) }
    }

    /// An aperture of `size` bytes from physical address `base` on, mapped with `options`, by
    /// `strategy`.
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
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, CacheMode, IoMapping, Strategy};
    /// use kernel::{io::{PhysAddr, ResourceSize}, prelude::*};
    ///
    /// /// Memory behind a link, of any size: no address space is taken before some of it is used.
    /// fn far_memory(base: PhysAddr, size: ResourceSize) -> Result<IoMapping> {
    ///     let options = Options::new(CacheMode::WriteCombining);
    ///     // SAFETY: The link is ours, and so is what is behind it.
    ///     unsafe { IoMapping::with_strategy(base, size, options, Strategy::Sparse) }
    /// }
    /// ```
    #[track_caller]
    pub unsafe fn with_strategy(
        base: PhysAddr,
        size: ResourceSize,
        options: Options,
        strategy: Strategy,
    ) -> Result<Self> {
        let (phys, size, base) = (base, u64::from(size), u64::from(base));
        if base & (PAGE_SIZE - 1) != 0 {
            counters::count_refusal(EINVAL);
            return Err(EINVAL);
        }
        let (pages, directory) = (size.div_ceil(PAGE_SIZE), Directory::new(base));
        if strategy == Strategy::Sparse || strategy == Strategy::Auto && !suits_whole(size) {
            // INVARIANT: not mapped.
            return Ok(Self {
                addr: 0,
                stray: !0,
                pages,
                directory,
                size,
                backing: Backing::Sparse(Sparse::new(&options, base, size)?),
            });
        }
        let whole = Mapping::new(
            options,
            MappingKind::Whole,
            false,
            phys,
            size as ResourceSize,
        )?;
        // The largest power of two of bytes that there are, if that is a page.
        let (addr, stray) = match size.checked_ilog2() {
            Some(shift) if shift >= PAGE_SHIFT => (whole.addr(), !((1 << shift) - PAGE_SIZE)),
            _ => (0, !0),
        };
        // INVARIANT: `base` is at a page boundary, and so is the mapping, which has all pages.
        Ok(Self {
            addr,
            stray,
            pages,
            directory,
            size,
            backing: Backing::Whole(whole),
        })
    }
}
