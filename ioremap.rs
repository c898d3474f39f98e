// SPDX-License-Identifier: GPL-2.0

//! L2: one owned mapping of device memory, made by the steps of C's `__ioremap_caller()`: checks,
//! reservation of the cache mode, area, entries. Each step that fails takes back the ones before.
//!
//! C: [`arch/x86/mm/ioremap.c`](srctree/arch/x86/mm/ioremap.c)

use crate::bindings;
use crate::cache_mode::{CacheMode, Protection, Reservation};
use crate::io::{impl_views, Shared};
use crate::page_table::Entry;
use crate::range::{RangeError, Span, PAGE_SHIFT, PAGE_SIZE};
use crate::vm_area::VmArea;
use kernel::{
    io::{PhysAddr, ResourceSize},
    prelude::*,
};

impl From<RangeError> for Error {
    fn from(err: RangeError) -> Self {
        match err {
            RangeError::TooWide => ERANGE,
            RangeError::Empty
            | RangeError::Wraps
            | RangeError::Outside
            | RangeError::Misaligned => EINVAL,
        }
    }
}

mod kinds;
mod options;
pub use kinds::{ReadOnlyMapping, WcMapping};
pub use options::{phys_bits, Options};

/// A range that passed the checks, with its line in the registry of cache modes: all that comes
/// before address space.
pub(crate) struct Reserved {
    encrypted: bool,
    reservation: Reservation,
}

impl Reserved {
    /// Checks a range and reserves its cache mode. Gives the range, too.
    ///
    /// # Errors
    ///
    /// Those of [`Options::map`] but for what only mapping can meet.
    ///
    /// # Context
    ///
    /// May sleep.
    #[inline]
    pub(crate) fn new(options: &Options, phys: u64, size: u64) -> Result<(Self, Span)> {
        let span = Span::new(phys, size, bindings::iomrs_phys_bits())?;
        let flags = bindings::iomrs_range_flags(phys, size);
        if flags & bindings::RANGE_RAM != 0 {
            return Err(EPERM);
        }
        // A stock kernel reserves write combining with a warning there, or not at all.
        let allowed = options.across_resources
            && (cfg!(iomrs_exported) || options.mode != CacheMode::WriteCombining);
        if flags & bindings::RANGE_SPANS != 0 && !allowed {
            return Err(EINVAL);
        }
        let this = Self {
            encrypted: options.encrypted || flags & bindings::RANGE_ENCRYPTED != 0,
            reservation: Reservation::new(span, options.mode, options.policy)?,
        };
        Ok((this, span))
    }

    /// The protection of its entries.
    pub(crate) fn protection(&self, read_only: bool) -> Protection {
        Protection::new(self.reservation.achieved(), self.encrypted, read_only)
    }

    /// Physical address of its first page.
    pub(crate) fn first_page(&self) -> u64 {
        self.reservation.start()
    }

    /// The cache mode asked for.
    pub(crate) fn requested(&self) -> CacheMode {
        self.reservation.requested()
    }

    /// The cache mode that its entries get.
    pub(crate) fn achieved(&self) -> CacheMode {
        self.reservation.achieved()
    }
}

/// Device memory mapped into kernel address space, unmapped on drop, which may sleep.
///
/// What C calls `void __iomem *`, with its size, cache mode and owner. [`crate::io`] gives access
/// to the memory.
///
/// # Invariants
///
/// `size` bytes from `area.addr() + offset` on are mapped to the physical range that the mapping
/// was made for, with the mode that `reserved` achieved. `offset` is less than a page.
pub struct Mapping {
    // Dropped in this order: nobody else may be given the cache mode while entries are live.
    area: VmArea,
    reserved: Reserved,
    offset: usize,
    size: usize,
}

impl Mapping {
    fn new(options: Options, read_only: bool, phys: PhysAddr, size: ResourceSize) -> Result<Self> {
        let (reserved, span) = Reserved::new(&options, phys.into(), size.into())?;
        let pages = span.pages() << PAGE_SHIFT;
        let pages = usize::try_from(pages).map_err(|_| ENOMEM)?;
        let area = VmArea::map(reserved.first_page(), pages, reserved.protection(read_only))?;
        // CAST: less than a page; and `size` is no more than `pages`, which fits.
        let (offset, size) = (span.page_offset() as usize, size as usize);
        // INVARIANT: `area` maps every page of the range.
        Ok(Self {
            area,
            reserved,
            offset,
            size,
        })
    }

    /// The address of the first byte.
    #[inline]
    pub fn addr(&self) -> usize {
        self.area.addr() + self.offset
    }

    /// The number of bytes asked for.
    #[inline]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The cache mode asked for.
    pub fn requested(&self) -> CacheMode {
        self.reserved.requested()
    }

    /// The cache mode that the CPU uses. Another than [`requested`](Self::requested) where a live
    /// mapping had it ([`Policy::AllowWeaker`](crate::Policy::AllowWeaker)), in the first MiB
    /// (always write-back), and where the CPU cannot do what was asked for (no PAT): C tells none
    /// of it.
    pub fn achieved(&self) -> CacheMode {
        let entry = Entry::lookup(self.area.addr());
        let mode = entry.and_then(Entry::cache_mode);
        mode.unwrap_or_else(|| self.reserved.achieved())
    }

    /// The page-table entries in use, in order of address.
    pub fn entries(&self) -> Entries<'_> {
        Entries {
            mapping: self,
            addr: self.area.addr(),
        }
    }
}

impl_views!(Mapping, Shared);

/// The page-table entries of a [`Mapping`], see [`Mapping::entries`].
pub struct Entries<'a> {
    mapping: &'a Mapping,
    addr: usize,
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.addr >= self.mapping.addr() + self.mapping.size {
            return None;
        }
        let entry = Entry::lookup(self.addr)?;
        // An area begins where the page of its first entry does: only the last page can reach past
        // its end.
        self.addr += entry.page_size();
        Some(entry)
    }
}

macro_rules! ioremap {
    ($($(#[$doc:meta])* $name:ident => $mode:ident, $kind:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// As [`Options::map`].
        ///
        /// # Safety
        ///
        /// As [`Options::map`].
        pub unsafe fn $name(phys: PhysAddr, size: ResourceSize) -> Result<$kind> {
            // SAFETY: As required of our caller.
            Ok(unsafe { Options::new(CacheMode::$mode).map(phys, size)? }.into())
        }
    )*};
}

ioremap! {
    /// Maps registers: [`CacheMode::UncachedMinus`] (C: `ioremap()`).
    ioremap => UncachedMinus, Mapping;
    /// Maps registers whatever the MTRRs say: [`CacheMode::Uncached`] (C: `ioremap_uc()`).
    ioremap_uc => Uncached, Mapping;
    /// Maps a frame buffer or the like: [`CacheMode::WriteCombining`] (C: `ioremap_wc()`).
    ioremap_wc => WriteCombining, WcMapping;
    /// Maps memory that is read more than written: [`CacheMode::WriteThrough`] (C: `ioremap_wt()`).
    ioremap_wt => WriteThrough, Mapping;
    /// Maps memory of a device that keeps caches coherent: [`CacheMode::WriteBack`]
    /// (C: `ioremap_cache()`).
    ioremap_cache => WriteBack, Mapping;
}

const _: () = assert!(PAGE_SIZE as usize == kernel::page::PAGE_SIZE);
