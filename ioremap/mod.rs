// SPDX-License-Identifier: GPL-2.0

//! L2: one owned mapping of device memory, made by the steps of C's `__ioremap_caller()`: checks,
//! reservation of the cache mode, area, entries. Each step that fails takes back the ones before.
//!
//! ```
//! use io_mapping_rs::{ioremap::{ioremap_wc, Options}, CacheMode};
//! use kernel::{io::{Io, PhysAddr}, prelude::*};
//!
//! fn start(registers: PhysAddr, queue: PhysAddr) -> Result {
//!     // SAFETY: Both are of our device: nobody else stores to them.
//!     let queue = unsafe { ioremap_wc(queue, 0x10000)? };
//!     // What C has no name for: this mode, or `EBUSY`.
//!     let options = Options::new(CacheMode::Uncached).exact();
//!     // SAFETY: As above.
//!     let registers = unsafe { options.map(registers, 0x100)? };
//!     queue.wc().try_write64(0, 0)?;
//!     registers.try_write32(1, 0x8)
//! }
//! ```
//!
//! A driver of a PCI device needs none of this: see [`crate::pci`]. Here are the calls for memory
//! whose address comes from elsewhere, unsafe because nobody can check whose it is. Sizes and
//! offsets are in bytes, physical addresses are those of the CPU.
//!
//! | C | mode | here |
//! |---|---|---|
//! | `ioremap()` | uncached-minus | [`ioremap()`] |
//! | `ioremap_uc()` | uncached | [`ioremap_uc`] |
//! | `ioremap_wc()` | write-combining | [`ioremap_wc`] |
//! | `ioremap_wt()` | write-through | [`ioremap_wt`] |
//! | `ioremap_cache()` | write-back | [`ioremap_cache`] |
//! | `ioremap_encrypted()` | any | [`Options::encrypted`] |
//! | `ioremap_prot()` | any | [`Options`] |
//! | `iounmap()` | | dropping the [`Mapping`] |
//!
//! C: [`arch/x86/mm/ioremap.c`](srctree/arch/x86/mm/ioremap.c)

use crate::bindings::{self, machine};
use crate::io::{impl_bytes, region_size, Backend, Shared, View};
use crate::mm::cache_mode::{CacheMode, Protection, Reservation};
use crate::mm::page_table::Entry;
use crate::mm::phys_range::{RangeError, Span, PAGE_SHIFT, PAGE_SIZE};
use crate::mm::vm_area::VmArea;
use crate::tracking::counters;
use crate::tracking::{MappingKind, NewMapping, TrackedMapping};
use core::panic::Location;
use kernel::{
    io::{IoBase, PhysAddr, Region, ResourceSize},
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

mod calls;
pub mod io_region;
mod kinds;
mod options;
pub mod ports;
pub use calls::{ioremap, ioremap_cache, ioremap_uc, ioremap_wc, ioremap_wt};
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
    #[inline(always)]
    pub(crate) fn new(options: &Options, phys: u64, size: u64) -> Result<(Self, Span)> {
        let span = Span::new(phys, size, machine::phys_bits())?;
        let flags = bindings::iomrs_range_flags(phys, size, options.requested);
        if flags & bindings::RANGE_RAM != 0 {
            return Err(EPERM);
        }
        // A stock kernel reserves write combining with a warning there, or not at all.
        let allowed = (options.across_resources || options.requested)
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

    /// Its line in the registry, to be kept for as long as anything is mapped.
    pub(crate) fn into_reservation(self) -> Reservation {
        self.reservation
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
/// `size` bytes from `addr` on, in the first page of `area`, are mapped to the physical range that
/// the mapping was made for, with the mode that `reservation` achieved. `region` of them can be seen
/// as a [`Region`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{ioremap::ioremap, Mapping};
/// use kernel::{io::{Io, PhysAddr}, prelude::*};
///
/// /// A device without a bus, at an address that the board has.
/// struct Watchdog {
///     registers: Mapping,
/// }
///
/// impl Watchdog {
///     fn new(board: PhysAddr) -> Result<Self> {
///         // SAFETY: 16 bytes of registers are there, and this driver alone has them.
///         Ok(Self { registers: unsafe { ioremap(board + 0x40, 0x10)? } })
///     }
///
///     fn kick(&self) -> Result {
///         self.registers.try_write32(0x5c, 0x8)
///     }
/// }
/// ```
pub struct Mapping {
    // Dropped in this order: nobody looks at entries that are going, and nobody else may be given
    // the cache mode while they are live.
    _tracked: TrackedMapping,
    _area: VmArea,
    reservation: Reservation,
    addr: usize,
    size: usize,
    region: usize,
}

impl Mapping {
    /// Maps what `options` say, and lists it as `kind`.
    // Inlined: what is made is large to be copied from caller to caller.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn new(
        options: Options,
        kind: MappingKind,
        read_only: bool,
        phys: PhysAddr,
        size: ResourceSize,
    ) -> Result<Self> {
        let caller = Location::caller();
        let this = Self::make(
            &options,
            kind,
            read_only,
            (phys.into(), size.into()),
            caller,
        );
        this.inspect_err(|&err| counters::count_refusal(err))
    }

    #[inline(always)]
    fn make(
        options: &Options,
        kind: MappingKind,
        read_only: bool,
        (phys, size): (u64, u64),
        caller: &'static Location<'static>,
    ) -> Result<Self> {
        let (reserved, span) = Reserved::new(options, phys, size)?;
        let pages = span.pages() << PAGE_SHIFT;
        let pages = usize::try_from(pages).map_err(|_| ENOMEM)?;
        let prot = reserved.protection(read_only);
        let (area, addr) = VmArea::map(reserved.first_page(), pages, prot)?;
        // CAST: less than a page; and `size` is no more than `pages`, which fits.
        let (addr, size) = (addr + span.page_offset() as usize, size as usize);
        let new = NewMapping {
            kind,
            parent: 0,
            phys,
            size: size as u64,
            addr,
            requested: reserved.requested(),
            achieved: reserved.achieved(),
        };
        // What is kept is small, as it is moved to the caller.
        let reservation = reserved.into_reservation();
        // INVARIANT: `area` maps every page of the range.
        Ok(Self {
            _tracked: TrackedMapping::new(new, Some(caller))?,
            _area: area,
            reservation,
            addr,
            size,
            region: region_size(addr, size),
        })
    }

    /// The address of the first byte.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Mapping;
    /// use kernel::ffi::c_void;
    ///
    /// /// For a function of C that takes a `void __iomem *`, and must not keep it.
    /// fn as_iomem(registers: &Mapping) -> *mut c_void {
    ///     core::ptr::without_provenance_mut(registers.addr())
    /// }
    /// ```
    #[inline]
    pub fn addr(&self) -> usize {
        self.addr
    }

    /// The number of bytes asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Mapping;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// Clears each of the counters, however many there are.
    /// fn clear(counters: &Mapping) -> Result {
    ///     for offset in (0..counters.size() & !3).step_by(4) {
    ///         counters.try_write32(0, offset)?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The cache mode asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Mapping;
    ///
    /// /// Whether a live mapping of somebody else's had its way.
    /// fn is_weaker(mapping: &Mapping) -> bool {
    ///     mapping.achieved() != mapping.requested()
    /// }
    /// ```
    pub fn requested(&self) -> CacheMode {
        self.reservation.requested()
    }

    /// The cache mode that the CPU uses. Another than [`requested`](Self::requested) where a live
    /// mapping had it ([`Policy::AllowWeaker`](crate::Policy::AllowWeaker)), in the first MiB
    /// (always write-back), and where the CPU cannot do what was asked for (no PAT): C tells none
    /// of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{CacheMode, Mapping};
    ///
    /// /// How to write to it: in bursts, where that is of use.
    /// fn burst(queue: &Mapping) -> usize {
    ///     match queue.achieved() {
    ///         CacheMode::WriteCombining | CacheMode::WriteBack => 64,
    ///         _ => 4,
    ///     }
    /// }
    /// ```
    pub fn achieved(&self) -> CacheMode {
        let entry = Entry::lookup(self.addr);
        let mode = entry.and_then(Entry::cache_mode);
        mode.unwrap_or_else(|| self.reservation.achieved())
    }

    /// The page-table entries in use, in order of address.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Mapping;
    ///
    /// /// The size of the largest page.
    /// fn largest_page(mapping: &Mapping) -> Option<usize> {
    ///     mapping.entries().map(|entry| entry.page_size()).max()
    /// }
    /// ```
    pub fn entries(&self) -> Entries<'_> {
        Entries {
            mapping: self,
            addr: self.addr & !(PAGE_SIZE as usize - 1),
        }
    }
}

impl_bytes!(Mapping, Shared);

impl<'a> IoBase<'a> for &'a Mapping {
    type Backend = Backend<Shared>;
    type Target = Region;

    #[inline(always)]
    fn as_view(self) -> View<'a, Region, Shared> {
        // SAFETY: By the invariant they are mapped for as long as `self` lives, and can be seen so.
        unsafe { View::of_region(self.addr, self.region) }
    }
}

/// The page-table entries of a [`Mapping`], see [`Mapping::entries`].
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{ioremap::Entries, CacheMode};
///
/// /// Whether all pages that are left have one cache mode.
/// fn is_uniform(mut entries: Entries<'_>, mode: CacheMode) -> bool {
///     entries.all(|entry| entry.cache_mode() == Some(mode))
/// }
/// ```
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

const _: () = assert!(PAGE_SIZE as usize == kernel::page::PAGE_SIZE);
