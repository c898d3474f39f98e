// SPDX-License-Identifier: GPL-2.0

//! Apertures: ranges of device memory of which a driver maps parts when it needs them
//! (C: `struct io_mapping`).
//!
//! An [`IoMapping`] stands for a large range, such as a frame buffer. Mapping a part of it returns a
//! guard that borrows the aperture and unmaps the part when it is dropped. Use after unmap, double
//! unmap, and freeing an aperture while parts of it are mapped do not compile.
//!
//! ```
//! use io_mapping_rs::IoMapping;
//! use kernel::prelude::*;
//!
//! fn clear_first_word(aperture: &IoMapping) -> Result {
//!     let page = aperture.map_local(0)?;
//!     page.try_write32(0, 0)
//! }
//! ```
//!
//! | | holder may sleep | other tasks may use it | side effects | in reclaim |
//! |---|---|---|---|---|
//! | [`map`](IoMapping::map) | yes | yes | none | no |
//! | [`map_local`](IoMapping::map_local) | yes | no | none | yes |
//! | [`map_atomic`](IoMapping::map_atomic) | no | no | preemption and page faults are off | yes |
//!
//! Where memory is short the kernel calls the shrinkers of drivers: that is reclaim. A shrinker, and who holds a
//! lock that a shrinker waits for, makes no call that may allocate memory: such calls say so. A kernel with
//! `CONFIG_PROVE_LOCKING` reports one that is made there, whether it allocates or not. Guards, apertures and
//! mappings may be dropped there, and [`trim`](IoMapping::trim) be called.
//!
//! There are two strategies. Every call behaves the same with both:
//!
//! - [`Strategy::Whole`]: the aperture is mapped once, with the largest pages that fit. Mapping a
//!   part is an addition. C does this on 64-bit machines.
//! - [`Strategy::Sparse`]: nothing is mapped at first, so that creation costs the same at any size.
//!   A local or atomic map takes a per-CPU slot. [`map`](IoMapping::map) maps a chunk of 2 MiB, which
//!   stays mapped and serves later maps of any kind. C on 32-bit machines takes a slot or calls
//!   `ioremap()`.
//!
//! Sizes and offsets are in bytes. Offsets count from the beginning of the aperture and are multiples
//! of the page size. The driver of a PCI device gets an aperture from
//! [`pci::Aperture`](crate::pci::Aperture).
//!
//! | C | here |
//! |---|---|
//! | `io_mapping_create_wc()`, `io_mapping_init_wc()` | [`IoMapping::new_wc`] |
//! | `io_mapping_map_wc()` | [`map`](IoMapping::map) |
//! | `io_mapping_map_local_wc()` | [`map_local`](IoMapping::map_local) |
//! | `io_mapping_map_atomic_wc()` | [`map_atomic`](IoMapping::map_atomic) |
//! | `io_mapping_unmap()`, `io_mapping_unmap_local()` | dropping the guard |
//! | `io_mapping_unmap_atomic()` | the end of the closure of [`map_atomic`](IoMapping::map_atomic) |
//! | `io_mapping_free()`, `io_mapping_fini()` | dropping the [`IoMapping`] |
//!
//! C header: [`include/linux/io-mapping.h`](srctree/include/linux/io-mapping.h)

use crate::io_mapping::sparse::chunks::{ChunkTable, TrackedArea};
use crate::io_mapping::sparse::window::{Slot, SlotAddr};
use crate::ioremap::{Mapping, Options, PhysAddr, ResourceSize};
use crate::mm::cache_mode::CacheMode;
use crate::mm::phys_range::{self, PAGE_SHIFT, PAGE_SIZE};
use crate::mm::reclaim;
use crate::tracking::counters;
use crate::tracking::{Caller, MappingKind};
use core::marker::PhantomData;
use core::panic::Location;
use core::sync::atomic::{compiler_fence, Ordering};
use kernel::prelude::*;

mod guards;
mod sized;
pub(crate) mod sparse;
use guards::AtomicSection;
pub use guards::{LocalMap, Map};
pub use sized::{PageMap, SizedIoMapping};
use sparse::{whole_is_cheap, Sparse};

/// How an aperture is mapped, see the [module](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// [`Whole`](Self::Whole) if the kernel has large pages, the aperture takes no more than an eighth of
    /// the address space, and that much can be had; else [`Sparse`](Self::Sparse).
    #[default]
    Auto,
    /// All of the aperture is mapped when it is created.
    Whole,
    /// Parts of the aperture are mapped when they are used.
    Sparse,
}

/// A range of device memory of which parts are mapped when they are used (C: `struct io_mapping`).
///
/// # Invariants
///
/// - The aperture has `size` bytes, at least one, in `pages` pages. It begins at a page boundary.
/// - If `addr` is not 0, `backing` maps the whole aperture from `addr` on, and each offset that has
///   no bit of `reject_mask` is the offset of a whole page of the aperture.
/// - If `addr` is 0, `reject_mask` has all bits.
/// - `chunk_table` has the chunks of `backing`, and of nothing else.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io_mapping::LocalMap, IoMapping};
/// use kernel::{page::PAGE_SIZE, prelude::*};
///
/// /// The memory of a device, in pages.
/// struct Memory {
///     aperture: IoMapping,
/// }
///
/// impl Memory {
///     fn page(&self, index: u64) -> Result<LocalMap<'_>> {
///         self.aperture.map_local(index * PAGE_SIZE as u64)
///     }
/// }
/// ```
pub struct IoMapping {
    addr: usize,
    reject_mask: u64,
    pages: u64,
    chunk_table: ChunkTable,
    size: u64,
    backing: Backing,
}

enum Backing {
    Whole(Mapping),
    Sparse(Sparse),
}

/// Returns the address at `offset` of an aperture that is mapped as a whole. `offset` is within the
/// aperture.
#[inline(always)]
fn addr_in_whole(whole: &Mapping, offset: u64) -> usize {
    // CAST: The aperture is mapped, so that its offsets fit.
    whole.addr().wrapping_add(offset as usize)
}

impl IoMapping {
    /// Creates a write-combining aperture of `size` bytes from physical address `base` on
    /// (C: `io_mapping_create_wc()`).
    ///
    /// # Errors
    ///
    /// As [`IoMapping::with_strategy`].
    ///
    /// # Context
    ///
    /// As [`IoMapping::with_strategy`].
    ///
    /// # Safety
    ///
    /// As [`IoMapping::with_strategy`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::{io::PhysAddr, prelude::*};
    ///
    /// /// Creates an aperture for a frame buffer of 16 MiB that is not a BAR.
    /// fn screen(frame_buffer: PhysAddr) -> Result<IoMapping> {
    ///     // SAFETY: The firmware has given the frame buffer to this driver alone.
    ///     unsafe { IoMapping::new_wc(frame_buffer, 16 << 20) }
    /// }
    /// ```
    #[track_caller]
    pub unsafe fn new_wc(base: PhysAddr, size: ResourceSize) -> Result<Self> {
        // SAFETY: Our caller gives the guarantees that `new` requires.
        unsafe { Self::new(base, size, Options::new(CacheMode::WriteCombining)) }
    }

    /// Creates an aperture of `size` bytes from physical address `base` on, to be mapped with
    /// `options` by the strategy that suits its size and the kernel ([`Strategy::Auto`]).
    ///
    /// # Errors
    ///
    /// As [`IoMapping::with_strategy`].
    ///
    /// # Context
    ///
    /// As [`IoMapping::with_strategy`].
    ///
    /// # Safety
    ///
    /// As [`IoMapping::with_strategy`].
    #[track_caller]
    pub unsafe fn new(base: PhysAddr, size: ResourceSize, options: Options) -> Result<Self> {
        // SAFETY: Our caller gives the guarantees that `with_strategy` requires.
        unsafe { Self::with_strategy(base, size, options, Strategy::Auto) }
    }

    /// Creates an aperture of `size` bytes from physical address `base` on, to be mapped with
    /// `options` by `strategy`.
    ///
    /// # Errors
    ///
    /// Those of [`Options::map`], and
    ///
    /// - `EINVAL` where `base` is not a multiple of the page size;
    /// - `EOPNOTSUPP` for [`Strategy::Sparse`] where there are no slots: under Xen PV, and with
    ///   `window_slots=0`.
    ///
    /// # Context
    ///
    /// May sleep, and allocate memory: not in reclaim.
    ///
    /// # Safety
    ///
    /// - The range is device memory for as long as the aperture exists.
    /// - The caller may write to it: no store through the aperture harms memory that others use.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{ioremap::Options, CacheMode, IoMapping, Strategy};
    /// use kernel::{io::{PhysAddr, ResourceSize}, prelude::*};
    ///
    /// /// Creates an aperture for memory behind a link, which may be larger than the address space.
    /// fn far_memory(base: PhysAddr, size: ResourceSize) -> Result<IoMapping> {
    ///     let options = Options::new(CacheMode::WriteCombining);
    ///     // SAFETY: This driver alone uses the link, and what is behind it is device memory.
    ///     unsafe { IoMapping::with_strategy(base, size, options, Strategy::Sparse) }
    /// }
    /// ```
    #[track_caller]
    #[inline]
    pub unsafe fn with_strategy(
        base: PhysAddr,
        size: ResourceSize,
        options: Options,
        strategy: Strategy,
    ) -> Result<Self> {
        let caller = Caller::Rust(Location::caller());
        // SAFETY: Our caller gives the same guarantees.
        unsafe { Self::for_caller(base, size, options, strategy, caller) }
    }

    /// As [`with_strategy`](Self::with_strategy), for another caller than the function's own.
    ///
    /// # Errors
    ///
    /// As [`with_strategy`](Self::with_strategy).
    ///
    /// # Safety
    ///
    /// As [`with_strategy`](Self::with_strategy).
    #[inline(always)]
    pub(crate) unsafe fn for_caller(
        base: PhysAddr,
        size: ResourceSize,
        options: Options,
        strategy: Strategy,
        caller: Caller<'static>,
    ) -> Result<Self> {
        match strategy {
            Strategy::Sparse => Self::new_sparse(base.into(), size.into(), &options, caller),
            Strategy::Whole => Self::new_whole(base, size.into(), options, caller),
            Strategy::Auto => Self::new_auto(base, size.into(), options, caller),
        }
    }

    /// # Errors
    ///
    /// As [`Self::with_strategy`].
    // Out of line, as a user's module cannot call what it needs.
    #[inline(never)]
    fn new_auto(
        base: PhysAddr,
        size: u64,
        options: Options,
        caller: Caller<'static>,
    ) -> Result<Self> {
        let may_be_sparse = sparse::is_possible();
        if may_be_sparse && !whole_is_cheap(size) {
            return Self::new_sparse(base.into(), size, &options, caller);
        }
        match Self::new_whole(base, size, options, caller) {
            Err(err) if err == ENOMEM && may_be_sparse => {
                Self::new_sparse(base.into(), size, &options, caller)
            }
            whole => whole,
        }
    }

    /// # Errors
    ///
    /// `EINVAL` where `base` is not a multiple of the page size.
    #[inline(always)]
    fn check_base(base: u64) -> Result {
        if base & (PAGE_SIZE - 1) != 0 {
            counters::count_refusal(EINVAL);
            return Err(EINVAL);
        }
        Ok(())
    }

    /// # Errors
    ///
    /// As [`Self::with_strategy`].
    #[inline(never)]
    fn new_sparse(
        base: u64,
        size: u64,
        options: &Options,
        caller: Caller<'static>,
    ) -> Result<Self> {
        Self::check_base(base)?;
        // INVARIANT: `base` is at a page boundary. `Sparse::new` refuses a size of 0. There are no chunks
        // yet, and `chunk_table` is empty.
        Ok(Self {
            addr: 0,
            reject_mask: !0,
            pages: size.div_ceil(PAGE_SIZE),
            chunk_table: ChunkTable::new(base),
            size,
            backing: Backing::Sparse(Sparse::new(options, base, size, caller)?),
        })
    }

    /// # Errors
    ///
    /// As [`Self::with_strategy`].
    #[inline(never)]
    fn new_whole(
        phys: PhysAddr,
        size: u64,
        options: Options,
        caller: Caller<'static>,
    ) -> Result<Self> {
        Self::check_base(phys.into())?;
        let range = (phys, size as ResourceSize);
        let whole = Mapping::for_caller(options, MappingKind::Whole, false, range, caller)?;
        // Rejects what is not a multiple of the page size, and what is not below the largest power
        // of two of bytes that the aperture has.
        let (addr, reject_mask) = match size.checked_ilog2() {
            Some(shift) if shift >= PAGE_SHIFT => (whole.addr(), !((1 << shift) - PAGE_SIZE)),
            _ => (0, !0),
        };
        // INVARIANT: `phys` is at a page boundary, and so is `whole`, which maps
        // `size` bytes and is refused for 0. What passes `reject_mask` is below the power of two, and
        // so is the page. There are no chunks, and `chunk_table` is empty.
        Ok(Self {
            addr,
            reject_mask,
            pages: size.div_ceil(PAGE_SIZE),
            chunk_table: ChunkTable::new(phys.into()),
            size,
            backing: Backing::Whole(whole),
        })
    }

    /// The size of the aperture in bytes.
    #[inline]
    pub fn size(&self) -> ResourceSize {
        self.size as ResourceSize
    }

    /// The strategy by which it is mapped, never [`Strategy::Auto`].
    pub fn strategy(&self) -> Strategy {
        match &self.backing {
            Backing::Whole(_) => Strategy::Whole,
            Backing::Sparse(_) => Strategy::Sparse,
        }
    }

    /// The cache mode that was asked for.
    pub fn requested(&self) -> CacheMode {
        match &self.backing {
            Backing::Whole(whole) => whole.requested(),
            Backing::Sparse(sparse) => sparse.requested(),
        }
    }

    /// The cache mode that its maps have, see [`Mapping::achieved`].
    pub fn achieved(&self) -> CacheMode {
        match &self.backing {
            Backing::Whole(whole) => whole.achieved(),
            Backing::Sparse(sparse) => sparse.achieved(),
        }
    }

    /// Returns the mapping of the whole aperture, if it is mapped as a whole.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::{Shared, View}, IoMapping};
    /// use kernel::{io::Region, prelude::*};
    ///
    /// /// Returns a view of the registers at the beginning, to be used without further maps.
    /// fn registers(memory: &IoMapping) -> Result<View<'_, Region<0x100>, Shared>> {
    ///     memory.whole().ok_or(EOPNOTSUPP)?.sized()
    /// }
    /// ```
    pub fn whole(&self) -> Option<&Mapping> {
        match &self.backing {
            Backing::Whole(whole) => Some(whole),
            Backing::Sparse(_) => None,
        }
    }

    /// Unmaps the chunks of a sparse aperture, which [`map`](Self::map) leaves mapped. Later maps map
    /// them again.
    ///
    /// # Context
    ///
    /// May sleep. It allocates no memory, and waits for nobody who does: a shrinker may call it. What it gives back
    /// is address space, and little memory: what the library keeps of each chunk.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Loads the firmware once, and keeps no address space for it.
    /// fn load(memory: &mut IoMapping, firmware: &[u8]) -> Result {
    ///     memory.map(0, firmware.len() as u64)?.try_copy_from_slice(0, firmware)?;
    ///     memory.trim();
    ///     Ok(())
    /// }
    /// ```
    pub fn trim(&mut self) {
        if let Backing::Sparse(sparse) = &mut self.backing {
            // SAFETY: By the invariants of `IoMapping` `chunk_table` has the chunks of `backing`.
            unsafe { sparse.trim(&mut self.chunk_table) };
        }
    }

    /// Maps `size` bytes from `offset` on, for any task, until the guard is dropped
    /// (C: `io_mapping_map_wc()`).
    ///
    /// # Errors
    ///
    /// - `EINVAL` where `size` is 0, `offset` is not a multiple of the page size, or `offset + size`
    ///   is past the end of the aperture. C checks none of this.
    /// - `ENOMEM` where a sparse aperture finds too little memory or address space. Its own chunks may have
    ///   it: see [`map_or_trim`](Self::map_or_trim).
    ///
    /// # Context
    ///
    /// May sleep. Dropping the guard may sleep, too. So it is not for the time in which
    /// [`DevresAperture`](crate::pci::DevresAperture) gives access, which is under RCU: a kernel with
    /// `DEBUG_ATOMIC_SLEEP` warns. [`SleepableAperture`](crate::pci::SleepableAperture) gives access
    /// that may sleep.
    ///
    /// It may allocate memory: not in reclaim, nor with a lock held that a shrinker waits for. Dropping the guard
    /// allocates none.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Clears a ring of 64 KiB and waits until other tasks have used it.
    /// fn with_ring(memory: &IoMapping, wait: impl FnOnce() -> Result) -> Result {
    ///     let ring = memory.map(0x10000, 0x10000)?;
    ///     ring.try_fill(0, ring.size(), 0)?;
    ///     wait()
    /// }
    /// ```
    #[inline]
    pub fn map(&self, offset: ResourceSize, size: ResourceSize) -> Result<Map<'_>> {
        let span = self.map_span(offset.into(), size.into())?;
        // CAST: The bytes are mapped, so that their number fits.
        Ok(self.guard_of_span(span, size as usize))
    }

    /// As [`map`](Self::map), for who holds no other map of the aperture. Where there is too little memory or address
    /// space, its chunks are unmapped as by [`trim`](Self::trim), and this is tried again.
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    ///
    /// # Context
    ///
    /// As [`map`](Self::map).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Copies a picture to a memory that may be larger than the address space.
    /// fn show(memory: &mut IoMapping, picture: &[u8]) -> Result {
    ///     memory.map_or_trim(0, picture.len() as u64)?.try_copy_from_slice(0, picture)
    /// }
    /// ```
    pub fn map_or_trim(&mut self, offset: ResourceSize, size: ResourceSize) -> Result<Map<'_>> {
        let span = match self.map_span(offset.into(), size.into()) {
            Err(err) if err == ENOMEM => {
                self.trim();
                self.map_span(offset.into(), size.into())?
            }
            span => span?,
        };
        // CAST: As in `map`.
        Ok(self.guard_of_span(span, size as usize))
    }

    /// Makes the guard of what [`Self::map_span`] has returned for `size` bytes.
    #[inline(always)]
    fn guard_of_span(&self, (addr, _area): (usize, Option<TrackedArea>), size: usize) -> Map<'_> {
        // INVARIANT: The bytes are of the aperture, and stay mapped for as long as `_area` or, if there is none, the
        // aperture is there.
        Map {
            addr,
            size,
            _area,
            aperture: PhantomData,
        }
    }

    /// Maps the page at `offset` for the calling task (C: `io_mapping_map_local_wc()`).
    ///
    /// The last page of an aperture whose size is not a multiple of the page size is shorter.
    ///
    /// # Errors
    ///
    /// - `EINVAL` where `offset` is not a multiple of the page size or not within the aperture.
    /// - `EAGAIN` where the map needs a slot and there is none: all are in use, or wait for a flush of
    ///   all CPUs, which this context does not allow.
    ///
    /// # Context
    ///
    /// Any but NMI, reclaim included. With the window backend `kmap`, a hard interrupt must have interrupts
    /// off. The task may sleep while it holds the guard. No other task may use the guard. Now and then the map
    /// interrupts all CPUs: see [`window`](crate::window).
    #[inline(always)]
    pub fn map_local(&self, offset: ResourceSize) -> Result<LocalMap<'_>> {
        self.map_page(offset.into(), Self::map_slot_local)
    }

    #[inline(always)]
    fn map_page(
        &self,
        offset: u64,
        map_slot: impl FnOnce(&Self, u64) -> SlotAddr,
    ) -> Result<LocalMap<'_>> {
        let offset = match self.find_page(offset) {
            Ok(addr) => return Ok(self.local_map(addr, PAGE_SIZE, None)),
            Err(offset) => offset,
        };
        self.map_other_page(offset, map_slot)
    }

    /// As [`Self::map_page`], for pages that [`Self::find_page`] does not find.
    #[inline(always)]
    fn map_other_page(
        &self,
        offset: u64,
        map_slot: impl FnOnce(&Self, u64) -> SlotAddr,
    ) -> Result<LocalMap<'_>> {
        // One comparison for both rules: rotated to the top, a bit below the page size makes the
        // number larger than any number of pages.
        if offset.rotate_right(PAGE_SHIFT) >= self.pages {
            return Err(EINVAL);
        }
        let size = self.size.wrapping_sub(offset).min(PAGE_SIZE);
        // SAFETY: `offset` is within the aperture, as just checked, and so is its byte.
        if let Some(addr) = unsafe { self.chunk_table.find(offset, 1) } {
            return Ok(self.local_map(addr, size, None));
        }
        if let Backing::Whole(whole) = &self.backing {
            return Ok(self.local_map(addr_in_whole(whole, offset), size, None));
        }
        // SAFETY: The `SlotAddr` was returned just now, and is claimed here only.
        let (addr, slot) = unsafe { map_slot(self, offset).claim()? };
        Ok(self.local_map(addr, size, Some(slot)))
    }

    /// Returns the address of the page at `offset`, if the aperture is mapped as a whole and
    /// `reject_mask` lets `offset` pass: one test tells that it is a page's offset and small enough.
    /// Otherwise returns `offset`, for what finds other pages.
    ///
    /// For an aperture whose size is a power of two this finds every page.
    #[inline(always)]
    fn find_page(&self, offset: u64) -> Result<usize, u64> {
        if offset & self.reject_mask != 0 {
            return Err(offset);
        }
        // CAST: If the aperture is mapped, its offsets fit. If not, only 0 passes the mask.
        let addr = self.addr.wrapping_add(offset as usize);
        if addr == 0 {
            // By the invariants `self.addr` is 0 and so was `offset`, whose register is free for the
            // sum therefore. The fence, which is no instruction, keeps the compiler from preparing
            // the 0 before the test.
            compiler_fence(Ordering::Acquire);
            return Err(0);
        }
        Ok(addr)
    }

    /// Returns the address of `len` bytes from `offset` on, and the area that keeps them mapped if
    /// the aperture itself does not.
    ///
    /// # Errors
    ///
    /// As [`Self::map`].
    #[inline(always)]
    fn map_span(&self, offset: u64, len: u64) -> Result<(usize, Option<TrackedArea>)> {
        reclaim::may_allocate();
        let offset = match self.find_page(offset) {
            Ok(addr) => {
                // The last byte, counted from `offset`. It wraps where `len` is 0, and is too large
                // then.
                let last = len.wrapping_sub(1);
                if last < PAGE_SIZE || last < self.size.wrapping_sub(offset) {
                    return Ok((addr, None));
                }
                offset
            }
            Err(offset) => offset,
        };
        phys_range::check_offset(self.size, offset, len)?;
        // SAFETY: The bytes are within the aperture, as just checked.
        if let Some(addr) = unsafe { self.chunk_table.find(offset, len) } {
            return Ok((addr, None));
        }
        match &self.backing {
            Backing::Whole(whole) => Ok((addr_in_whole(whole, offset), None)),
            Backing::Sparse(sparse) => {
                // Taken apart, so that the results of the cases above stay in registers.
                // SAFETY: By the invariants of `IoMapping` `chunk_table` has the chunks of
                // `backing`. The bytes are within the aperture and `offset` is a multiple of the page
                // size, as checked above.
                let (addr, area) = unsafe { sparse.map_span(&self.chunk_table, offset, len)? };
                Ok((addr, area))
            }
        }
    }

    /// Maps the page at `offset` by a slot. `offset` is a multiple of the page size and within the
    /// aperture. `EINVAL` where that is mapped as a whole.
    // Out of line, as a user's module cannot call what it needs. It takes `self`, which the caller
    // has in a register. Cold, as a slot costs ten times as much as what the caller tries first.
    #[cold]
    #[inline(never)]
    pub(crate) fn map_slot_local(&self, offset: u64) -> SlotAddr {
        match &self.backing {
            Backing::Sparse(sparse) => sparse.map_slot_local(offset),
            Backing::Whole(_) => SlotAddr::error(EINVAL),
        }
    }

    /// As [`Self::map_slot_local`], for a caller that stays on its CPU.
    #[cold]
    #[inline(never)]
    pub(crate) fn map_slot_atomic(&self, offset: u64) -> SlotAddr {
        match &self.backing {
            Backing::Sparse(sparse) => sparse.map_slot_atomic(offset),
            Backing::Whole(_) => SlotAddr::error(EINVAL),
        }
    }

    /// Maps `len` bytes of a sparse aperture from `offset` on by an area of their own, whatever is
    /// mapped already. Returns the address of the first. The bytes, at least one, are within the
    /// aperture, and `offset` is a multiple of the page size.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EINVAL` where the aperture is mapped as a whole.
    ///
    /// # Context
    ///
    /// May sleep.
    pub(crate) fn map_area(&self, offset: u64, len: u64) -> Result<(usize, TrackedArea)> {
        reclaim::may_allocate();
        match &self.backing {
            Backing::Sparse(sparse) => sparse.map_area(offset, len),
            Backing::Whole(_) => Err(EINVAL),
        }
    }

    /// Makes the guard of a page of the aperture that is mapped at `addr`, with `size` bytes.
    #[inline(always)]
    fn local_map<'a>(&'a self, addr: usize, size: u64, slot: Option<Slot<'a>>) -> LocalMap<'a> {
        // INVARIANT: Our callers pass the address of a page of the aperture, of which `size` bytes
        // are the aperture's. `slot` or the aperture, which is borrowed, keeps it mapped.
        LocalMap {
            // SAFETY: Pages are mapped at multiples of the page size.
            addr: unsafe { phys_range::page_addr(addr) },
            // CAST: At most a page.
            size: size as usize,
            _slot: slot,
            aperture: self,
            local: PhantomData,
        }
    }

    /// Maps the page at `offset` as [`map_local`](Self::map_local) does, while `f` runs. The guard
    /// cannot be leaked.
    ///
    /// # Errors
    ///
    /// As [`map_local`](Self::map_local).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// The inner `Result` is that of the access, the outer one that of the map.
    /// fn magic(memory: &IoMapping) -> Result<u32> {
    ///     Ok(memory.with_local(0, |page| page.try_read32(0))??)
    /// }
    /// ```
    #[inline]
    pub fn with_local<R>(
        &self,
        offset: ResourceSize,
        f: impl FnOnce(&LocalMap<'_>) -> R,
    ) -> Result<R> {
        let offset = match self.find_page(offset.into()) {
            // By itself, as this map has a whole page and no slot, which `f` is then compiled for.
            Ok(addr) => return Ok(f(&self.local_map(addr, PAGE_SIZE, None))),
            Err(offset) => offset,
        };
        let map = self.map_other_page(offset, Self::map_slot_local)?;
        Ok(f(&map))
    }

    /// Maps the page at `offset` as [`map_local`](Self::map_local) does, while `f` runs with
    /// preemption (on `PREEMPT_RT`: migration) and page faults off (C: `io_mapping_map_atomic_wc()`).
    ///
    /// C has two functions for the beginning and the end. A guard in their place could be leaked, and
    /// preemption would stay off.
    ///
    /// # Errors
    ///
    /// - `EINVAL` as for [`map_local`](Self::map_local).
    /// - `EAGAIN` where the map needs a slot and all slots of this CPU are in use: 64 atomic maps that
    ///   are nested or interrupt each other.
    ///
    /// # Context
    ///
    /// Any but NMI, reclaim included. With the window backend `kmap`, a hard interrupt must have interrupts
    /// off. `f` must not sleep. The map interrupts no other CPU.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Takes a message of two words before another task runs on this CPU.
    /// fn receive(mailbox: &IoMapping) -> Result<[u32; 2]> {
    ///     mailbox.map_atomic(0, |page| {
    ///         let message = [page.try_read32(0)?, page.try_read32(4)?];
    ///         page.try_write32(0, 8)?;
    ///         Ok(message)
    ///     })?
    /// }
    /// ```
    #[inline]
    pub fn map_atomic<R>(
        &self,
        offset: ResourceSize,
        f: impl FnOnce(&LocalMap<'_>) -> R,
    ) -> Result<R> {
        // Dropped after the map, whose slot must be given back on the CPU on which it was taken.
        let _section = AtomicSection::new();
        let map = self.map_page(offset.into(), Self::map_slot_atomic)?;
        Ok(f(&map))
    }

    /// Returns the aperture as one of at least `SIZE` bytes, whose offsets are checked at compile
    /// time.
    ///
    /// # Errors
    ///
    /// - `EINVAL` where the aperture has fewer than `SIZE` bytes.
    /// - `EOPNOTSUPP` where it is not mapped as a whole ([`Strategy::Whole`]), as mapping a page can
    ///   fail then.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// Starts a device with a BAR of 1 MiB: neither the map nor the access can fail.
    /// fn start(memory: &IoMapping) -> Result {
    ///     let memory = memory.sized::<0x10_0000>()?;
    ///     memory.map_local::<0x4000>().write32(1, 0x10);
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    pub fn sized<const SIZE: usize>(&self) -> Result<SizedIoMapping<'_, SIZE>> {
        if self.size < SIZE as u64 {
            return Err(EINVAL);
        }
        match &self.backing {
            // SAFETY: By the invariants of `Mapping` and `IoMapping` it maps the `size` bytes of the
            // aperture, which begins at a page boundary. They are at least `SIZE`, as just checked.
            Backing::Whole(whole) => Ok(unsafe { SizedIoMapping::new(whole.addr()) }),
            Backing::Sparse(_) => Err(EOPNOTSUPP),
        }
    }
}
