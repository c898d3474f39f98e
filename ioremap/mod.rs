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

use crate::io::{impl_bytes, region_size, Backend, Shared, View, Wc};
use crate::mm::cache_mode::{CacheMode, Protection, Reservation};
use crate::mm::machine;
use crate::mm::page_table::Entry;
use crate::mm::phys_range::{RangeError, Span, PAGE_SHIFT, PAGE_SIZE};
use crate::mm::resources::RangeUse;
use crate::mm::vm_area::VmArea;
use crate::tracking::counters;
use crate::tracking::{MappingKind, NewMapping, TrackedMapping};
use core::panic::Location;
use kernel::{
    io::{Io, IoBase, IoCapable, IoLoc, PhysAddr, Region, ResourceSize},
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

pub mod io_region;
mod options;
pub mod ports;
pub use options::{phys_bits, Options};

/// A range that passed the checks, with its line in the registry of cache modes: all that comes
/// before address space.
pub(crate) struct ReservedRange {
    encrypted: bool,
    reservation: Reservation,
}

impl ReservedRange {
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
        let found = RangeUse::of(phys, size, options.in_requested_region);
        if found.is_ram {
            return Err(EPERM);
        }
        // A stock kernel reserves write combining with a warning there, or not at all.
        let allowed = (options.across_resources || options.in_requested_region)
            && (cfg!(iomrs_exported) || options.mode != CacheMode::WriteCombining);
        if found.crosses_resource && !allowed {
            return Err(EINVAL);
        }
        let this = Self {
            encrypted: options.encrypted || found.is_encrypted,
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
        let this = Self::try_new(
            &options,
            kind,
            read_only,
            (phys.into(), size.into()),
            caller,
        );
        this.inspect_err(|&err| counters::count_refusal(err))
    }

    #[inline(always)]
    fn try_new(
        options: &Options,
        kind: MappingKind,
        read_only: bool,
        (phys, size): (u64, u64),
        caller: &'static Location<'static>,
    ) -> Result<Self> {
        let (reserved, span) = ReservedRange::new(options, phys, size)?;
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

/// Device memory that can be read only, unmapped on drop. See
/// [`Options::map_read_only`](Options::map_read_only).
///
/// # Examples
///
/// ```
/// use io_mapping_rs::ioremap::ReadOnlyMapping;
/// use kernel::prelude::*;
///
/// /// A table of the firmware, whose bytes must sum up to 0.
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
    /// `mapping`, whose entries forbid stores.
    pub(super) fn new(mapping: Mapping) -> Self {
        Self(mapping)
    }

    /// Reads a `T` (`u8` to `u64`) at `offset`.
    ///
    /// # Errors
    ///
    /// `EINVAL` where it would leave the mapping or be misaligned.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ReadOnlyMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Length and revision, as ACPI tables have them.
    /// fn header(table: &ReadOnlyMapping) -> Result<(u32, u8)> {
    ///     Ok((table.try_read(4)?, table.try_read(8)?))
    /// }
    /// ```
    pub fn try_read<T>(&self, offset: usize) -> Result<T>
    where
        Backend<Shared>: IoCapable<T>,
        usize: IoLoc<Region, T, IoType = T>,
    {
        (&self.0).try_read::<T, usize>(offset)
    }

    /// Copies all bytes to `data`.
    ///
    /// # Errors
    ///
    /// `EINVAL` where `data` has another length than the mapping.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ReadOnlyMapping;
    /// use kernel::prelude::*;
    ///
    /// /// A copy that stays when the ROM is unmapped.
    /// fn copy(rom: &ReadOnlyMapping) -> Result<KVVec<u8>> {
    ///     let mut copy = KVVec::from_elem(0, rom.size(), GFP_KERNEL)?;
    ///     rom.copy_to_slice(&mut copy)?;
    ///     Ok(copy)
    /// }
    /// ```
    pub fn copy_to_slice(&self, data: &mut [u8]) -> Result {
        if data.len() != self.0.size() {
            return Err(EINVAL);
        }
        self.0.bytes().copy_to_slice(data);
        Ok(())
    }
}

/// Write-combining device memory, unmapped on drop. It lends a [`Wc`] and no other view, so that
/// there is no read-modify-write of it.
///
/// See [`ioremap_wc`].
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
    /// All of the memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::IoExt, ioremap::WcMapping};
    /// use kernel::prelude::*;
    ///
    /// /// Draws a line, which may be seen at any time.
    /// fn draw(screen: &WcMapping, line: usize, pixels: &[u8]) -> Result {
    ///     screen.wc().try_copy_from_slice(line * pixels.len(), pixels)
    /// }
    /// ```
    #[inline(always)]
    pub fn wc(&self) -> Wc<'_, 0, Shared> {
        self.0.wc()
    }

    /// All of the memory, which has at least `SIZE` bytes, for accesses checked at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer, or where they do not begin at a multiple of 8.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::ioremap::WcMapping;
    /// use kernel::prelude::*;
    ///
    /// /// A cursor of 4 by 4 pixels: no store of it can fail.
    /// fn set_corners(cursor: &WcMapping, colour: u32) -> Result {
    ///     let cursor = cursor.sized_wc::<64>()?;
    ///     cursor.write32(colour, 0);
    ///     cursor.write32(colour, 60);
    ///     Ok(())
    /// }
    /// ```
    #[inline(always)]
    pub fn sized_wc<const SIZE: usize>(&self) -> Result<Wc<'_, SIZE, Shared>> {
        self.0.sized_wc()
    }
}

macro_rules! impl_getters {
    ($($kind:ident),*) => {$(
        impl $kind {
            /// As [`Mapping::addr`].
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("# use io_mapping_rs::ioremap::", stringify!($kind), ";")]
            /// # use kernel::{device::Device, prelude::*};
            #[doc = concat!("fn trace(dev: &Device, mapping: &", stringify!($kind), ") {")]
            ///     dev_dbg!(dev, "{} bytes at {:#x}\n", mapping.size(), mapping.addr());
            /// }
            /// ```
            pub fn addr(&self) -> usize {
                self.0.addr()
            }

            /// As [`Mapping::size`].
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("# use io_mapping_rs::ioremap::", stringify!($kind), ";")]
            /// /// How many blocks of 512 bytes there are, and how many bytes are left over.
            #[doc = concat!("fn blocks(mapping: &", stringify!($kind), ") -> (usize, usize) {")]
            ///     (mapping.size() / 512, mapping.size() % 512)
            /// }
            /// ```
            pub fn size(&self) -> usize {
                self.0.size()
            }

            /// As [`Mapping::achieved`].
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("# use io_mapping_rs::{ioremap::", stringify!($kind), ", CacheMode};")]
            /// # use kernel::{device::Device, prelude::*};
            #[doc = concat!("fn check(dev: &Device, mapping: &", stringify!($kind), ") {")]
            ///     if mapping.achieved() == CacheMode::Uncached {
            ///         dev_warn!(dev, "somebody else has it uncached: this will be slow\n");
            ///     }
            /// }
            /// ```
            pub fn achieved(&self) -> CacheMode {
                self.0.achieved()
            }

            /// As [`Mapping::entries`].
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("# use io_mapping_rs::ioremap::", stringify!($kind), ";")]
            /// /// Entries that a CPU has to hold at once to reach all of it.
            #[doc = concat!("fn translations(mapping: &", stringify!($kind), ") -> usize {")]
            ///     mapping.entries().count()
            /// }
            /// ```
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
        /// May sleep.
        ///
        /// # Safety
        ///
        /// As [`Options::map`].
        // Inlined: what is made is large to be copied from caller to caller.
        #[inline]
        #[track_caller]
        pub unsafe fn $name(phys: PhysAddr, size: ResourceSize) -> Result<$kind> {
            // SAFETY: As required of our caller.
            Ok(unsafe { Options::new(CacheMode::$mode).map(phys, size)? }.into())
        }
    )*};
}

ioremap! {
    /// Maps registers: [`CacheMode::UncachedMinus`] (C: `ioremap()`).
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ioremap;
    /// use kernel::{io::{Io, PhysAddr}, prelude::*};
    ///
    /// fn identity(chip: PhysAddr) -> Result<u32> {
    ///     // SAFETY: The registers of our chip, of which we read one.
    ///     let registers = unsafe { ioremap(chip, 0x1000)? };
    ///     registers.try_read32(0xffc)
    /// }
    /// ```
    ioremap => UncachedMinus, Mapping;
    /// Maps registers whatever the MTRRs say: [`CacheMode::Uncached`] (C: `ioremap_uc()`).
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::ioremap_uc, Mapping};
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// A firmware that is known to make the whole BAR write combining by an MTRR.
    /// fn registers(bar: PhysAddr) -> Result<Mapping> {
    ///     // SAFETY: A BAR of our device, which we have requested.
    ///     unsafe { ioremap_uc(bar, 0x10000) }
    /// }
    /// ```
    ioremap_uc => Uncached, Mapping;
    /// Maps a frame buffer or the like: [`CacheMode::WriteCombining`] (C: `ioremap_wc()`).
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ioremap_wc;
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// fn show_white(frame_buffer: PhysAddr) -> Result {
    ///     // SAFETY: The frame buffer that the firmware has set up, given to us.
    ///     let screen = unsafe { ioremap_wc(frame_buffer, 640 * 480 * 4)? };
    ///     let screen = screen.wc();
    ///     (0..640 * 480).try_for_each(|pixel| screen.try_write32(!0, pixel * 4))
    /// }
    /// ```
    ioremap_wc => WriteCombining, WcMapping;
    /// Maps memory that is read more than written: [`CacheMode::WriteThrough`] (C: `ioremap_wt()`).
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ioremap_wt;
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Reads from battery-backed memory, where what is written must not wait in a cache.
    /// fn settings(nvram: PhysAddr) -> Result<[u8; 128]> {
    ///     let mut settings = [0; 128];
    ///     // SAFETY: Memory of the board that nobody else uses.
    ///     let nvram = unsafe { ioremap_wt(nvram, 0x2000)? };
    ///     nvram.try_copy_to_slice(0x80, &mut settings)?;
    ///     Ok(settings)
    /// }
    /// ```
    ioremap_wt => WriteThrough, Mapping;
    /// Maps memory of a device that keeps caches coherent: [`CacheMode::WriteBack`]
    /// (C: `ioremap_cache()`).
    ///
    /// ```
    /// use io_mapping_rs::ioremap::ioremap_cache;
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Looks for a text in a table of the firmware, in memory that the kernel has left alone.
    /// fn begins_with(table: PhysAddr, text: &[u8; 8]) -> Result<bool> {
    ///     let mut begin = [0; 8];
    ///     // SAFETY: The table was left there for us to read.
    ///     unsafe { ioremap_cache(table, 0x1000)? }.try_copy_to_slice(0, &mut begin)?;
    ///     Ok(begin == *text)
    /// }
    /// ```
    ioremap_cache => WriteBack, Mapping;
}

const _: () = assert!(PAGE_SIZE as usize == kernel::page::PAGE_SIZE);
