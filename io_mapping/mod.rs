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
//! An aperture follows one of two strategies, and every call behaves the same on both:
//!
//! - [`Strategy::Whole`]: it is mapped once, with the largest pages that fit, and a map is an
//!   addition. C on 64-bit machines.
//! - [`Strategy::Sparse`]: nothing is mapped at first. A local or atomic map takes a per-CPU slot;
//!   [`map`](IoMapping::map) makes a chunk of 2 MiB that stays, and later maps find it. Creation
//!   costs the same at any size. C on 32-bit machines, where a map is a slot or an ioremap.
//!
//! Offsets and sizes are in bytes from the beginning of the aperture, and offsets are multiples of
//! the page size. A driver of a PCI device has an aperture from
//! [`pci::Aperture`](crate::pci::Aperture).
//!
//! | C | here |
//! |---|---|
//! | `io_mapping_create_wc()`, `io_mapping_init_wc()` | [`IoMapping::new_wc`] |
//! | `io_mapping_map_wc()` | [`map`](IoMapping::map) |
//! | `io_mapping_map_local_wc()` | [`map_local`](IoMapping::map_local) |
//! | `io_mapping_map_atomic_wc()` | [`map_atomic`](IoMapping::map_atomic) |
//! | `io_mapping_unmap()` and its like, `io_mapping_free()` | dropping the guard, the aperture |
//!
//! C header: [`include/linux/io-mapping.h`](srctree/include/linux/io-mapping.h)

use crate::bindings;
use crate::io_mapping::sparse::chunks::{ChunkTable, TrackedArea};
use crate::io_mapping::sparse::window::{Slot, SlotAddr};
use crate::ioremap::{Mapping, Options};
use crate::mm::cache_mode::CacheMode;
use crate::mm::phys_range::{self, PAGE_SHIFT, PAGE_SIZE};
use crate::tracking::counters;
use crate::tracking::MappingKind;
use core::marker::PhantomData;
use kernel::{
    io::{PhysAddr, ResourceSize},
    prelude::*,
};

mod guards;
mod sized;
pub(crate) mod sparse;
use guards::AtomicSection;
pub use guards::{AtomicMap, LocalMap, Map};
pub use sized::{PageMap, SizedIoMapping};
use sparse::{whole_is_cheap, Sparse};

/// How an aperture is mapped, see the [module](self).
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

/// A range of device memory to be mapped piecewise (C: `struct io_mapping`).
///
/// # Invariants
///
/// The aperture has `size` bytes, not 0, in `pages` pages, and begins at a page boundary. Unless
/// `addr` is 0, the aperture is mapped from there on by `backing`, and each offset without any bit of
/// `reject_mask` is that of a page of it with all its bytes. `chunk_table` is that of the chunks of
/// `backing`, or empty.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{io_mapping::LocalMap, IoMapping};
/// use kernel::{io::Io, page::PAGE_SIZE, prelude::*};
///
/// /// Memory of a device, as pages.
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

/// The address at `offset` of an aperture that is mapped as a whole, also of what
/// [`IoMapping::find_page`] leaves out.
#[inline(always)]
fn addr_in_whole(whole: &Mapping, offset: u64) -> usize {
    // CAST: mapped, so that an offset is a `usize`.
    whole.addr().wrapping_add(offset as usize)
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
        let (pages, chunk_table) = (size.div_ceil(PAGE_SIZE), ChunkTable::new(base));
        if strategy == Strategy::Sparse || strategy == Strategy::Auto && !whole_is_cheap(size) {
            // INVARIANT: not mapped.
            return Ok(Self {
                addr: 0,
                reject_mask: !0,
                pages,
                chunk_table,
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
        let (addr, reject_mask) = match size.checked_ilog2() {
            Some(shift) if shift >= PAGE_SHIFT => (whole.addr(), !((1 << shift) - PAGE_SIZE)),
            _ => (0, !0),
        };
        // INVARIANT: `base` is at a page boundary, and so is the mapping, which has all pages.
        Ok(Self {
            addr,
            reject_mask,
            pages,
            chunk_table,
            size,
            backing: Backing::Whole(whole),
        })
    }

    /// Bytes of the aperture.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// The device keeps its state in the last page.
    /// fn state(memory: &IoMapping) -> Result<u32> {
    ///     let last = memory.size().checked_sub(0x1000).ok_or(EINVAL)?;
    ///     memory.map_local(last)?.try_read32(0)
    /// }
    /// ```
    #[inline]
    pub fn size(&self) -> ResourceSize {
        self.size as ResourceSize
    }

    /// The strategy that it follows: not [`Strategy::Auto`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{IoMapping, Strategy};
    ///
    /// /// How many pages to map at once: as many as there are, or few, as slots are scarce.
    /// fn batch(memory: &IoMapping) -> usize {
    ///     match memory.strategy() {
    ///         Strategy::Whole => usize::MAX,
    ///         _ => 4,
    ///     }
    /// }
    /// ```
    pub fn strategy(&self) -> Strategy {
        match &self.backing {
            Backing::Whole(_) => Strategy::Whole,
            Backing::Sparse(_) => Strategy::Sparse,
        }
    }

    /// The cache mode asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::{device::Device, prelude::*};
    ///
    /// fn check(dev: &Device, memory: &IoMapping) {
    ///     let (requested, achieved) = (memory.requested(), memory.achieved());
    ///     if achieved != requested {
    ///         dev_warn!(dev, "{} instead of {}\n", achieved.name(), requested.name());
    ///     }
    /// }
    /// ```
    pub fn requested(&self) -> CacheMode {
        match &self.backing {
            Backing::Whole(whole) => whole.requested(),
            Backing::Sparse(sparse) => sparse.requested(),
        }
    }

    /// The cache mode that maps of it have, see [`Mapping::achieved`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{CacheMode, IoMapping};
    ///
    /// /// Whether to draw into memory of our own first, and copy what is done.
    /// fn wants_shadow(screen: &IoMapping) -> bool {
    ///     screen.achieved() != CacheMode::WriteBack
    /// }
    /// ```
    pub fn achieved(&self) -> CacheMode {
        match &self.backing {
            Backing::Whole(whole) => whole.achieved(),
            Backing::Sparse(sparse) => sparse.achieved(),
        }
    }

    /// The mapping of the whole aperture, where there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{io::{Shared, View}, IoMapping};
    /// use kernel::{io::Region, prelude::*};
    ///
    /// /// Registers at the beginning of the memory, without a map for each access.
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

    /// Unmaps the chunks that [`map`](Self::map) has left mapped, if any. The next map makes its
    /// chunk again.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Loads what the device needs once, and keeps no address space for it.
    /// fn load(memory: &mut IoMapping, firmware: &[u8]) -> Result {
    ///     memory.map(0, firmware.len() as u64)?.try_copy_from_slice(0, firmware)?;
    ///     memory.trim();
    ///     Ok(())
    /// }
    /// ```
    pub fn trim(&mut self) {
        if let Backing::Sparse(sparse) = &mut self.backing {
            sparse.trim(&mut self.chunk_table);
        }
    }

    /// Maps `size` bytes from `offset` on, for any task and for as long as the guard lives
    /// (C: `io_mapping_map_wc()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` where `size` is 0, `offset` is not a multiple of the page size, or `offset + size`
    /// leaves the aperture: C checks none of it. On a sparse aperture also those of mapping a piece:
    /// `ENOMEM`, and on a stock kernel `EPERM` for pages with a `struct page`.
    ///
    /// # Context
    ///
    /// May sleep, and so may dropping the guard.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// A ring of 64 KiB that several tasks fill while this one waits.
    /// fn with_ring(memory: &IoMapping, wait: impl FnOnce() -> Result) -> Result {
    ///     let ring = memory.map(0x10000, 0x10000)?;
    ///     ring.try_fill(0, ring.size(), 0)?;
    ///     wait()
    /// }
    /// ```
    #[inline]
    pub fn map(&self, offset: ResourceSize, size: ResourceSize) -> Result<Map<'_>> {
        if cfg!(CONFIG_DEBUG_ATOMIC_SLEEP) {
            bindings::iomrs_might_sleep();
        }
        let (addr, area) = self.map_span(offset.into(), size.into())?;
        // INVARIANT: within the aperture, and mapped.
        Ok(Map {
            addr,
            // CAST: it is mapped.
            size: size as usize,
            _area: area,
            aperture: PhantomData,
        })
    }

    /// Maps the page at `offset` for the calling task (C: `io_mapping_map_local_wc()`).
    ///
    /// The last page of an aperture that is not a multiple of the page size is cut short.
    ///
    /// # Errors
    ///
    /// `EINVAL` where `offset` is not a multiple of the page size or not below the aperture's size,
    /// `EAGAIN` where it takes a slot and all of this CPU are in use.
    ///
    /// # Context
    ///
    /// Any but NMI; with the window backend `kmap`, hard interrupts only with interrupts off. The
    /// task may sleep while it holds the guard, but no other may use it.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::prelude::*;
    ///
    /// /// Writes a page to memory of the device, from any context.
    /// fn store(memory: &IoMapping, offset: u64, page: &[u8; 4096]) -> Result {
    ///     memory.map_local(offset)?.try_copy_from_slice(0, page)
    /// }
    /// ```
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
        if let Some(addr) = self.find_page(offset) {
            return Ok(self.local_map(addr, PAGE_SIZE, None));
        }
        // Bits below a page, turned to the top, make any number too large: one comparison for both.
        if offset.rotate_right(PAGE_SHIFT) >= self.pages {
            return Err(EINVAL);
        }
        let size = self.size.wrapping_sub(offset).min(PAGE_SIZE);
        // SAFETY: Within the aperture, as just checked.
        if let Some(addr) = unsafe { self.chunk_table.find(offset, 1) } {
            return Ok(self.local_map(addr, size, None));
        }
        if let Backing::Whole(whole) = &self.backing {
            return Ok(self.local_map(addr_in_whole(whole, offset), size, None));
        }
        // SAFETY: Claimed here and nowhere else.
        let (addr, slot) = unsafe { map_slot(self, offset).claim()? };
        Ok(self.local_map(addr, size, slot))
    }

    /// The address of a page that has all its bytes, where the aperture is mapped as a whole and as
    /// long as `offset` is in the part of it that is a power of two of bytes: for most apertures, all
    /// of it. One test tells that, and that it is a page's offset.
    #[inline(always)]
    fn find_page(&self, offset: u64) -> Option<usize> {
        if offset & self.reject_mask != 0 {
            return None;
        }
        // CAST: mapped, so that an offset is a `usize`; if not, only 0 gets here.
        let addr = self.addr.wrapping_add(offset as usize);
        (addr != 0).then_some(addr)
    }

    /// The address of `len` bytes from `offset` on, and what keeps them mapped unless the aperture
    /// does.
    ///
    /// # Errors
    ///
    /// As [`Self::map`].
    #[inline(always)]
    fn map_span(&self, offset: u64, len: u64) -> Result<(usize, Option<TrackedArea>)> {
        if let Some(addr) = self.find_page(offset) {
            // Where the last byte is, counted from the first; that of no bytes is too far.
            let last = len.wrapping_sub(1);
            if last < PAGE_SIZE || last < self.size.wrapping_sub(offset) {
                return Ok((addr, None));
            }
        }
        phys_range::check_offset(self.size, offset, len)?;
        // SAFETY: Within the aperture, as just checked.
        if let Some(addr) = unsafe { self.chunk_table.find(offset, len) } {
            return Ok((addr, None));
        }
        match &self.backing {
            Backing::Whole(whole) => Ok((addr_in_whole(whole, offset), None)),
            Backing::Sparse(sparse) => {
                // Taken out of memory here, so that what is found above never gets there.
                let (addr, area) = sparse.map_span(&self.chunk_table, offset, len)?;
                Ok((addr, area))
            }
        }
    }

    /// A slot for the page at `offset`, which is page-aligned and within the aperture.
    // Not inlined, as a user's module cannot reach what it needs. Given `self`, which the caller has
    // at hand; cold, as a slot costs ten times what the maps cost that the caller has tried before.
    #[cold]
    #[inline(never)]
    fn map_slot_local(&self, offset: u64) -> SlotAddr {
        match &self.backing {
            Backing::Sparse(sparse) => sparse.map_slot_local(offset),
            Backing::Whole(_) => SlotAddr::error(EINVAL),
        }
    }

    /// As [`Self::map_slot_local`], for a caller that stays on its CPU.
    #[cold]
    #[inline(never)]
    fn map_slot_atomic(&self, offset: u64) -> SlotAddr {
        match &self.backing {
            Backing::Sparse(sparse) => sparse.map_slot_atomic(offset),
            Backing::Whole(_) => SlotAddr::error(EINVAL),
        }
    }

    #[inline(always)]
    fn local_map(&self, addr: usize, size: u64, slot: Option<Slot>) -> LocalMap<'_> {
        // INVARIANT: our callers have found a page mapped at `addr`, with `size` bytes of ours.
        LocalMap {
            // SAFETY: And pages are mapped to pages.
            addr: unsafe { phys_range::page_addr(addr) },
            // CAST: at most a page.
            size: size as usize,
            _slot: slot,
            aperture: self,
            local: PhantomData,
        }
    }

    /// Maps the page at `offset` for as long as `f` runs: as [`map_local`](Self::map_local), with a
    /// guard that cannot be leaked.
    ///
    /// # Errors
    ///
    /// As [`map_local`](Self::map_local).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// The first `?` is for the map, the second for the access.
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
        let map = self.map_local(offset)?;
        Ok(f(&map))
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
    /// As [`map_local`](Self::map_local). The holder must not sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// Takes a message of two words, both before another task runs on this CPU.
    /// fn receive(mailbox: &IoMapping) -> Result<[u32; 2]> {
    ///     let page = mailbox.map_atomic(0)?;
    ///     let message = [page.try_read32(0)?, page.try_read32(4)?];
    ///     page.try_write32(0, 8)?;
    ///     Ok(message)
    /// }
    /// ```
    #[inline]
    pub fn map_atomic(&self, offset: ResourceSize) -> Result<AtomicMap<'_>> {
        let section = AtomicSection::new();
        let map = self.map_page(offset.into(), Self::map_slot_atomic);
        map.map(|map| AtomicMap {
            map,
            _section: section,
        })
    }

    /// The aperture with a least size that the compiler knows, for offsets proven at compile time.
    ///
    /// # Errors
    ///
    /// `EINVAL` where there are fewer than `SIZE` bytes, `EOPNOTSUPP` where the aperture is not
    /// mapped as a whole, so that there is something to do at run time: see
    /// [`Strategy::Whole`].
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::IoMapping;
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// A BAR of 1 MiB: neither the map nor the access has anything left to check.
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
            // SAFETY: The whole is mapped there, and has as many bytes as just checked.
            Backing::Whole(whole) => Ok(unsafe { SizedIoMapping::new(whole.addr()) }),
            Backing::Sparse(_) => Err(EOPNOTSUPP),
        }
    }
}
