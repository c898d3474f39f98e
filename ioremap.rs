// SPDX-License-Identifier: GPL-2.0

//! L2: one owned mapping of device memory, made by the steps of C's `__ioremap_caller()`: checks,
//! reservation of the cache mode, area, entries. Each step that fails takes back the ones before.
//!
//! C: [`arch/x86/mm/ioremap.c`](srctree/arch/x86/mm/ioremap.c)

use crate::bindings;
use crate::cache_mode::{CacheMode, Policy, Protection, Reservation};
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

/// How to map: cache mode, and what to do where it cannot be had.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{ioremap::Options, CacheMode};
///
/// let options = Options::new(CacheMode::WriteCombining).exact();
/// assert_eq!(options.mode(), CacheMode::WriteCombining);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    mode: CacheMode,
    policy: Policy,
    encrypted: bool,
    across_resources: bool,
}

impl Options {
    /// Maps with `mode`, or with the weaker mode that a live mapping of the same range has
    /// ([`Policy::AllowWeaker`]).
    pub const fn new(mode: CacheMode) -> Self {
        Self {
            mode,
            policy: Policy::AllowWeaker,
            encrypted: false,
            across_resources: false,
        }
    }

    /// The mode asked for or `EBUSY` ([`Policy::Exact`]).
    pub const fn exact(self) -> Self {
        Self {
            policy: Policy::Exact,
            ..self
        }
    }

    /// Encrypted memory of a confidential guest, whatever the resource says (`ioremap_encrypted`).
    pub const fn encrypted(self) -> Self {
        Self {
            encrypted: true,
            ..self
        }
    }

    /// Allows a range that begins in one resource and ends in another. C only warns of it. A stock
    /// kernel cannot reserve write combining for such a range, which is `EINVAL` even then.
    pub const fn across_resources(self) -> Self {
        Self {
            across_resources: true,
            ..self
        }
    }

    /// The cache mode asked for.
    pub const fn mode(&self) -> CacheMode {
        self.mode
    }

    /// Maps `size` bytes of device memory from physical address `phys`, for reading and writing.
    ///
    /// An offset of `phys` in its page is kept, and any `size` will do. The pages are as large as
    /// both addresses, the CPU and the MTRRs allow (4 KiB on a stock kernel), never executable.
    /// Unlike C there is no warning in the log: the error says it all.
    ///
    /// # Errors
    ///
    /// | errno | state |
    /// |---|---|
    /// | `EINVAL` | `size` is 0; the range wraps; it leaves its resource |
    /// | `ERANGE` | a byte lies past the CPU's physical address width |
    /// | `EPERM` | system RAM |
    /// | `EBUSY` | a live mapping has a cache mode that excludes this one |
    /// | `ENOMEM` | no memory, or not enough address space |
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// The range is device memory for as long as the mapping lives, and the caller has the right
    /// to it: no store through it breaks anybody's memory.
    pub unsafe fn map(self, phys: PhysAddr, size: ResourceSize) -> Result<Mapping> {
        Mapping::new(self, false, phys, size)
    }

    /// As [`map`](Self::map), for reading only: the entries forbid stores, and the type offers
    /// none. C ignores a request for a read-only mapping (`ioremap_prot`).
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    ///
    /// # Safety
    ///
    /// The range is device memory for as long as the mapping lives, and reading it is harmless.
    pub unsafe fn map_read_only(
        self,
        phys: PhysAddr,
        size: ResourceSize,
    ) -> Result<ReadOnlyMapping> {
        Ok(ReadOnlyMapping::new(Mapping::new(self, true, phys, size)?))
    }
}

mod kinds;
pub use kinds::{ReadOnlyMapping, WcMapping};

/// Bits of a physical address of this CPU: no byte past them can be mapped.
pub fn phys_bits() -> u32 {
    bindings::iomrs_phys_bits()
}

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
    /// mapping had it ([`Policy::AllowWeaker`]), in the first MiB (always write-back), and where
    /// the CPU cannot do what was asked for (no PAT): C tells none of it.
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
