// SPDX-License-Identifier: GPL-2.0

//! One owned mapping of device memory (C: `ioremap()` and `iounmap()`).
//!
//! A driver of a PCI device maps its BARs through [`crate::pci`]. The calls here are for memory
//! whose physical address comes from elsewhere, such as a firmware table. They are unsafe, because
//! only the caller can know who else uses the range.
//!
//! ```
//! use io_mapping_rs::{ioremap::{ioremap_wc, Options}, CacheMode};
//! use kernel::{io::PhysAddr, prelude::*};
//!
//! fn start(registers: PhysAddr, queue: PhysAddr) -> Result {
//!     // SAFETY: The queue is device memory that this driver alone uses.
//!     let queue = unsafe { ioremap_wc(queue, 0x10000)? };
//!     // C has no call for this: exactly this cache mode, or `EBUSY`.
//!     let options = Options::new(CacheMode::Uncached).exact();
//!     // SAFETY: The registers are device memory that this driver alone uses.
//!     let registers = unsafe { options.map(registers, 0x100)? };
//!     queue.wc().try_write64(0, 0)?;
//!     registers.try_write32(1, 0x8)
//! }
//! ```
//!
//! Sizes and offsets are in bytes. Physical addresses are CPU addresses, not bus addresses.
//!
//! | C | cache mode | here |
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
//! The steps are those of C's `__ioremap_caller()`: check the range, reserve its cache mode, take an
//! area of kernel address space, write its page-table entries. A step that fails undoes the earlier
//! ones.
//!
//! C: [`arch/x86/mm/ioremap.c`](srctree/arch/x86/mm/ioremap.c)

use crate::io::{impl_view_methods, Backend, RegionPlace, Shared, View, Wc};
use crate::mm::cache_mode::{CacheMode, Reservation};
use crate::mm::page_table::Entry;
use crate::mm::phys_range::{RangeError, PAGE_SHIFT, PAGE_SIZE};
use crate::mm::reclaim;
use crate::mm::vm_area::VmArea;
use crate::tracking::counters;
use crate::tracking::{Caller, MappingKind, NewMapping, TrackedMapping};
use core::panic::Location;
use kernel::{
    io::{Io, IoBase, IoCapable, IoLoc, Region},
    prelude::*,
};

/// A physical address. It has 64 bits on every machine, unlike the kernel crate's: one that the machine does not have
/// is refused, and not cut off.
pub type PhysAddr = u64;
/// The size of a range of physical addresses in bytes, or an offset into one; as wide as [`PhysAddr`].
pub type ResourceSize = u64;

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

pub mod io_region;
mod options;
pub mod ports;
mod reserved_range;
pub use options::{phys_bits, Options};
pub(crate) use reserved_range::ReservedRange;

/// Device memory mapped into kernel address space, unmapped on drop. Dropping it may sleep, and may be done in reclaim.
///
/// It stands for C's `void __iomem *`, and also holds the size and the cache mode. [`crate::io`]
/// has the accessors.
///
/// # Invariants
///
/// - The `size` bytes from `addr` on lie in `_area`. They are mapped to the physical range that the
///   mapping was made for, with the cache mode that `reservation` achieved.
/// - `region` is made of these bytes.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{ioremap::ioremap, Mapping};
/// use kernel::{io::PhysAddr, prelude::*};
///
/// /// A watchdog that is part of the board, at a fixed address.
/// struct Watchdog {
///     registers: Mapping,
/// }
///
/// impl Watchdog {
///     fn new(board: PhysAddr) -> Result<Self> {
///         // SAFETY: The board has 16 bytes of registers there, which this driver alone uses.
///         Ok(Self { registers: unsafe { ioremap(board + 0x40, 0x10)? } })
///     }
///
///     fn kick(&self) -> Result {
///         self.registers.try_write32(0x5c, 0x8)
///     }
/// }
/// ```
pub struct Mapping {
    held: HeldRange,
    addr: usize,
    size: usize,
    region: RegionPlace,
}

/// What keeps a range mapped, without what it is accessed by: a C driver has the address only. Unmapped on
/// drop.
// Moved to its owner and back, so it is small.
pub(crate) struct HeldRange {
    // Dropped in this order: the entry in the list of mappings goes before the page-table entries,
    // and those go before the cache mode may be given to anybody else.
    tracked: TrackedMapping,
    _area: VmArea,
    reservation: Reservation,
}

impl HeldRange {
    /// The virtual address of the first byte.
    pub(crate) fn addr(&self) -> usize {
        self.tracked.info().addr
    }

    /// The physical address of the first byte.
    pub(crate) fn phys(&self) -> u64 {
        self.tracked.info().phys
    }

    /// Whether the byte at `addr` is one of those that were asked for.
    pub(crate) fn contains(&self, addr: usize) -> bool {
        let info = self.tracked.info();
        // CAST: It was a `usize` when it was mapped.
        addr.wrapping_sub(info.addr) < info.size as usize
    }
}

impl Mapping {
    /// Maps `size` bytes from `phys` on as `options` say, and lists the mapping as `kind`.
    // Inlined, as a `Mapping` is large and would be copied from one caller to the next.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn new(
        options: Options,
        kind: MappingKind,
        read_only: bool,
        phys: PhysAddr,
        size: ResourceSize,
    ) -> Result<Self> {
        let caller = Caller::Rust(Location::caller());
        Self::for_caller(options, kind, read_only, (phys, size), caller)
    }

    /// As [`Self::new`], for another caller than the function's own.
    #[inline(always)]
    pub(crate) fn for_caller(
        options: Options,
        kind: MappingKind,
        read_only: bool,
        (phys, size): (PhysAddr, ResourceSize),
        caller: Caller<'static>,
    ) -> Result<Self> {
        reclaim::may_allocate();
        let range = (phys.into(), size.into());
        let this = Self::try_new(&options, kind, read_only, range, caller);
        // Looked at where it is: what is passed on by value is copied.
        if let Err(err) = &this {
            counters::count_refusal(*err);
        }
        this
    }

    #[inline(always)]
    fn try_new(
        options: &Options,
        kind: MappingKind,
        read_only: bool,
        (phys, size): (u64, u64),
        caller: Caller<'static>,
    ) -> Result<Self> {
        let (reserved, range) = ReservedRange::new(options, phys, size, caller)?;
        let mapped_size = range.pages() << PAGE_SHIFT;
        let mapped_size = usize::try_from(mapped_size).map_err(|_| ENOMEM)?;
        let prot = reserved.protection(read_only);
        let (area, area_addr) = VmArea::map(reserved.first_page(), mapped_size, prot)?;
        // CAST: an offset in a page, and a size of no more than `mapped_size`, fit. No overflow: the
        // first byte lies in the area.
        let addr = area_addr.wrapping_add(range.page_offset() as usize);
        let size = size as usize;
        let new = NewMapping {
            kind,
            parent: 0,
            phys,
            size: size as u64,
            addr,
            requested: reserved.requested(),
            achieved: reserved.achieved(),
        };
        // Only the reservation is kept, as what is kept is copied to the caller.
        let reservation = reserved.into_reservation();
        // INVARIANT: `area` maps every page of the range with the mode that `reservation` achieved,
        // and `addr` is as far into its first page as `phys` is.
        Ok(Self {
            held: HeldRange {
                tracked: TrackedMapping::new(new, Some(caller))?,
                _area: area,
                reservation,
            },
            addr,
            size,
            region: RegionPlace::new(addr, size),
        })
    }

    /// Returns what keeps it mapped.
    #[inline(always)]
    pub(crate) fn into_held(self) -> HeldRange {
        self.held
    }

    /// The virtual address of the first byte.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::Mapping;
    /// use kernel::ffi::c_void;
    ///
    /// /// For a C function that takes a `void __iomem *` and does not keep it.
    /// fn as_iomem(registers: &Mapping) -> *mut c_void {
    ///     core::ptr::without_provenance_mut(registers.addr())
    /// }
    /// ```
    #[inline]
    pub fn addr(&self) -> usize {
        self.addr
    }

    /// The number of bytes that were asked for.
    #[inline]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The cache mode that was asked for.
    pub fn requested(&self) -> CacheMode {
        self.held.reservation.requested()
    }

    /// The cache mode of the page-table entries, which C does not tell.
    ///
    /// It differs from [`requested`](Self::requested) in three cases: another mapping of the range
    /// had it already ([`Policy::AllowWeaker`](crate::Policy::AllowWeaker)), the range lies in the
    /// first MiB (which is always write-back), or the CPU lacks the mode (it has no PAT).
    ///
    /// It does not say that nobody has mapped the range with another mode. On a kernel with
    /// `kconfig/export.patch` the kernel has made sure of that. On a stock kernel it knows, and does
    /// not tell modules: only mappings of this library have been compared. Neither does it say what
    /// an MTRR makes of the range.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{CacheMode, Mapping};
    ///
    /// /// How many bytes to write at once: bursts help only where the CPU combines or caches them.
    /// fn write_size(queue: &Mapping) -> usize {
    ///     match queue.achieved() {
    ///         CacheMode::WriteCombining | CacheMode::WriteBack => 64,
    ///         _ => 4,
    ///     }
    /// }
    /// ```
    pub fn achieved(&self) -> CacheMode {
        let entry = Entry::lookup(self.addr);
        let mode = entry.and_then(Entry::cache_mode);
        mode.unwrap_or_else(|| self.held.reservation.achieved())
    }

    /// Returns an iterator over the page-table entries that map the range, in order of address.
    pub fn entries(&self) -> Entries<'_> {
        // INVARIANT: The area begins at the page boundary at or before `addr`.
        Entries {
            mapping: self,
            addr: self.addr & !(PAGE_SIZE as usize - 1),
        }
    }
}

impl_view_methods!(Mapping, Shared, Region);

impl<'a> IoBase<'a> for &'a Mapping {
    type Backend = Backend<Shared>;
    type Target = Region;

    #[inline(always)]
    fn as_view(self) -> View<'a, Region, Shared> {
        // SAFETY: By the invariants of `Mapping` the bytes from `addr` on are device memory that
        // stays mapped for as long as it is borrowed, and `region` is made of them.
        unsafe { self.region.view() }
    }
}

/// The page-table entries of a [`Mapping`], see [`Mapping::entries`].
///
/// # Invariants
///
/// `addr` is the first address that a page-table entry of the mapping's area maps, or it is past the
/// end of `mapping`.
pub struct Entries<'a> {
    mapping: &'a Mapping,
    addr: usize,
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        // No overflow: a guard page follows each area.
        if self.addr >= self.mapping.addr.wrapping_add(self.mapping.size) {
            return None;
        }
        let entry = Entry::lookup(self.addr)?;
        // INVARIANT: The next entry begins where the page of this one ends. Only the last page of an
        // area can reach past the end of the mapping.
        self.addr = self.addr.wrapping_add(entry.page_size());
        Some(entry)
    }
}

/// Device memory that can only be read, unmapped on drop. See [`Options::map_read_only`].
///
/// # Invariants
///
/// The page-table entries of the mapping forbid stores.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::ioremap::ReadOnlyMapping;
/// use kernel::prelude::*;
///
/// /// Whether the bytes of a firmware table sum up to 0, as its checksum wants.
/// fn is_valid(table: &ReadOnlyMapping) -> Result<bool> {
///     let mut sum = 0u8;
///     for offset in 0..table.size() {
///         sum = sum.wrapping_add(table.try_read(offset)?);
///     }
///     Ok(sum == 0)
/// }
/// ```
pub struct ReadOnlyMapping(Mapping);

impl ReadOnlyMapping {
    /// Reads a `T` (`u8` to `u64`) at `offset`.
    ///
    /// # Errors
    ///
    /// `EINVAL` where the value is not within the mapping or `offset` is not aligned for it.
    pub fn try_read<T>(&self, offset: usize) -> Result<T>
    where
        Backend<Shared>: IoCapable<T>,
        usize: IoLoc<Region, T, IoType = T>,
    {
        self.0.try_read::<T, usize>(offset)
    }

    /// Copies all bytes to `data`.
    ///
    /// # Errors
    ///
    /// `EINVAL` where the lengths of `data` and of the mapping differ.
    pub fn copy_to_slice(&self, data: &mut [u8]) -> Result {
        if data.len() != self.0.size() {
            return Err(EINVAL);
        }
        self.0.bytes().copy_to_slice(data);
        Ok(())
    }
}

/// Write-combining device memory, unmapped on drop. See [`ioremap_wc`].
///
/// It lends only [`Wc`] views, which have no read-modify-write operations.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::ioremap::WcMapping;
/// use kernel::prelude::*;
///
/// fn blank(screen: &WcMapping) -> Result {
///     let mut pixels = screen.wc();
///     pixels.try_write32(0, 0)?;
///     let _ = pixels.flush();
///     Ok(())
/// }
/// ```
pub struct WcMapping(Mapping);

impl From<Mapping> for WcMapping {
    #[inline(always)]
    fn from(mapping: Mapping) -> Self {
        Self(mapping)
    }
}

impl WcMapping {
    /// Returns a view of all of the memory.
    #[inline(always)]
    pub fn wc(&self) -> Wc<'_, 0, Shared> {
        self.0.wc()
    }

    /// Returns a view of at least `SIZE` bytes, whose accesses are checked at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer than `SIZE` bytes, or where the first is not at a multiple of
    /// 8.
    #[inline(always)]
    pub fn sized_wc<const SIZE: usize>(&self) -> Result<Wc<'_, SIZE, Shared>> {
        self.0.sized_wc()
    }
}

macro_rules! impl_getters {
    ($($kind:ident),*) => {$(
        impl $kind {
            /// As [`Mapping::addr`].
            pub fn addr(&self) -> usize {
                self.0.addr()
            }

            /// As [`Mapping::size`].
            pub fn size(&self) -> usize {
                self.0.size()
            }

            /// As [`Mapping::achieved`].
            pub fn achieved(&self) -> CacheMode {
                self.0.achieved()
            }

            /// As [`Mapping::entries`].
            pub fn entries(&self) -> Entries<'_> {
                self.0.entries()
            }
        }
    )*};
}

impl_getters!(ReadOnlyMapping, WcMapping);

macro_rules! ioremap {
    ($($(#[$doc:meta])* $name:ident => $mode:ident, $kind:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// As [`Options::map`].
        ///
        /// # Context
        ///
        /// As [`Options::map`].
        ///
        /// # Safety
        ///
        /// As [`Options::map`].
        // Inlined, as a `Mapping` is large and would be copied from one caller to the next.
        #[inline]
        #[track_caller]
        pub unsafe fn $name(phys: PhysAddr, size: ResourceSize) -> Result<$kind> {
            // SAFETY: Our caller gives the guarantees that `Options::map` requires.
            Ok(unsafe { Options::new(CacheMode::$mode).map(phys, size)? }.into())
        }
    )*};
}

ioremap! {
    /// Maps registers (C: `ioremap()`).
    ///
    /// The cache mode is [`CacheMode::UncachedMinus`] or, if the range is mapped so already,
    /// [`CacheMode::Uncached`]. Where another mapping has any other, this is `EBUSY`: C maps
    /// registers write combining then. An MTRR can still make them write combining.
    ioremap => UncachedMinus, Mapping;
    /// Maps registers with [`CacheMode::Uncached`], whatever the MTRRs say (C: `ioremap_uc()`). If
    /// the range is mapped uncached-minus already, it gets that, and `EBUSY` as [`ioremap()`].
    ///
    /// It is for registers in a BAR that the firmware has made write combining by an MTRR.
    ioremap_uc => Uncached, Mapping;
    /// Maps a frame buffer or a queue with [`CacheMode::WriteCombining`] (C: `ioremap_wc()`).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ioremap_wc;
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// fn show_white(frame_buffer: PhysAddr) -> Result {
    ///     // SAFETY: The firmware has set up this frame buffer and given it to us.
    ///     let screen = unsafe { ioremap_wc(frame_buffer, 640 * 480 * 4)? };
    ///     let screen = screen.wc();
    ///     (0..640 * 480).try_for_each(|pixel| screen.try_write32(!0, pixel * 4))
    /// }
    /// ```
    ioremap_wc => WriteCombining, WcMapping;
    /// Maps memory that is read more often than written, with [`CacheMode::WriteThrough`]
    /// (C: `ioremap_wt()`).
    ///
    /// Stores do not wait in a cache, so that it suits battery-backed memory.
    ioremap_wt => WriteThrough, Mapping;
    /// Maps memory of a device that keeps the caches coherent, with [`CacheMode::WriteBack`]
    /// (C: `ioremap_cache()`).
    ioremap_cache => WriteBack, Mapping;
}

const _: () = assert!(PAGE_SIZE as usize == kernel::page::PAGE_SIZE);
