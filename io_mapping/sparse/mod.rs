// SPDX-License-Identifier: GPL-2.0

//! The strategy Sparse: parts of an aperture are mapped when they are used.
//!
//! Creating an aperture only reserves its cache mode, which costs the same at any size. A local or
//! atomic map takes a slot of the window, or uses the chunk if that is mapped. A map for any task maps
//! the chunk, which stays mapped. If it crosses a boundary between chunks, or the budget for chunks
//! is spent, it gets an area of its own.

use crate::io_mapping::sparse::chunks::{ChunkTable, Chunks, TrackedArea};
use crate::io_mapping::sparse::window::{SlotAddr, Window};
use crate::ioremap::{Options, ReservedRange};
use crate::mm::cache_mode::{mode_of_entry, CacheMode, Reservation};
use crate::mm::machine;
use crate::mm::page_table::has_large_pages;
use crate::mm::phys_range::{PAGE_SHIFT, PAGE_SIZE};
use crate::mm::reclaim;
use crate::tracking::counters;
use crate::tracking::{Caller, MappingKind, NewMapping, TrackedMapping};
use kernel::prelude::*;

pub(crate) mod chunks;
pub mod window;

/// Whether mapping all of an aperture of `size` bytes is cheap: the kernel has large pages, and the
/// aperture takes no more than an eighth of the address space.
pub(crate) fn whole_is_cheap(size: u64) -> bool {
    has_large_pages() && size <= machine::vmalloc_total() as u64 / 8
}

/// Whether there are slots, without which no aperture can be sparse.
pub(crate) fn is_possible() -> bool {
    Window::get().is_ok()
}

/// What keeps a sparse aperture: its reservation, and what is mapped of it.
pub(super) struct Sparse {
    // Dropped in this order: the aperture leaves the list of mappings before its chunks are unmapped,
    // and they are unmapped before the cache mode may be given to anybody else.
    tracked: TrackedMapping,
    chunks: Chunks,
    reservation: Reservation,
    window: &'static Window,
}

impl Sparse {
    /// Reserves the cache mode of an aperture. `base` is a multiple of the page size.
    ///
    /// # Errors
    ///
    /// Those of [`Options::map`] that do not come from taking address space.
    pub(super) fn new(
        options: &Options,
        base: u64,
        size: u64,
        caller: Caller<'static>,
    ) -> Result<Self> {
        reclaim::may_allocate();
        let this = Self::try_new(options, base, size, caller);
        // Looked at where it is: what is passed on by value is copied.
        if let Err(err) = &this {
            counters::count_refusal(*err);
        }
        this
    }

    #[inline(always)]
    fn try_new(options: &Options, base: u64, size: u64, caller: Caller<'static>) -> Result<Self> {
        let (reserved, _) = ReservedRange::new(options, base, size, caller)?;
        let prot = reserved.protection(false);
        let new = NewMapping {
            kind: MappingKind::Sparse,
            parent: 0,
            phys: base,
            size,
            addr: 0,
            requested: reserved.requested(),
            achieved: reserved.achieved(),
        };
        Ok(Self {
            tracked: TrackedMapping::new(new, Some(caller))?,
            chunks: Chunks::new(reserved.first_page(), size, prot),
            window: Window::get().map_err(|_| EOPNOTSUPP)?,
            // Only the reservation is kept, as what is kept is copied to the caller.
            reservation: reserved.into_reservation(),
        })
    }

    /// The cache mode that was asked for.
    pub(super) fn requested(&self) -> CacheMode {
        self.reservation.requested()
    }

    /// The cache mode that the page-table entries of its maps select.
    pub(super) fn achieved(&self) -> CacheMode {
        let mode = mode_of_entry(self.chunks.prot().bits(), PAGE_SHIFT);
        mode.unwrap_or_else(|| self.reservation.achieved())
    }

    /// Maps the page at `offset` by a slot. `offset` is a multiple of the page size and within the
    /// aperture.
    #[inline(always)]
    pub(super) fn map_slot_local(&self, offset: u64) -> SlotAddr {
        let (phys, prot) = (self.chunks.phys(offset), self.chunks.prot());
        self.window.map_local(phys, prot)
    }

    /// As [`Self::map_slot_local`], for a caller that stays on its CPU.
    #[inline(always)]
    pub(super) fn map_slot_atomic(&self, offset: u64) -> SlotAddr {
        let (phys, prot) = (self.chunks.phys(offset), self.chunks.prot());
        self.window.map_atomic(phys, prot)
    }

    /// Maps `len` bytes from `offset` on. Returns the address of the first, and the area if they got
    /// one of their own.
    ///
    /// # Errors
    ///
    /// Those of [`TrackedArea::map`].
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// - `chunk_table` has the chunks of this aperture, and of no other.
    /// - The bytes, at least one, are within the aperture, and `offset` is a multiple of the page
    ///   size.
    // Out of line, as a user's module cannot call what it needs.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn map_span(
        &self,
        chunk_table: &ChunkTable,
        offset: u64,
        len: u64,
    ) -> Result<(usize, Option<TrackedArea>)> {
        if chunk_table.in_one_chunk(offset, len) {
            // SAFETY: Our caller guarantees that `chunk_table` is that of our chunks and that
            // `offset` is within the aperture.
            let addr = unsafe { self.chunks.find_or_map(&self.tracked, chunk_table, offset) };
            if let Some(addr) = addr {
                return Ok((addr, None));
            }
        }
        let (addr, area) = self.map_area(offset, len)?;
        Ok((addr, Some(area)))
    }

    /// Maps `len` bytes from `offset` on by an area of their own. Returns the address of the first.
    ///
    /// The bytes, at least one, are within the aperture, and `offset` is a multiple of the page size.
    ///
    /// # Errors
    ///
    /// Those of [`TrackedArea::map`].
    ///
    /// # Context
    ///
    /// May sleep.
    pub(super) fn map_area(&self, offset: u64, len: u64) -> Result<(usize, TrackedArea)> {
        let size = usize::try_from(len.next_multiple_of(PAGE_SIZE)).map_err(|_| ENOMEM)?;
        let (phys, prot) = (self.chunks.phys(offset), self.chunks.prot());
        let area = TrackedArea::map(&self.tracked, MappingKind::Area, phys, size, prot);
        let (area, addr) = area.inspect_err(|&err| counters::count_refusal(err))?;
        Ok((addr, area))
    }

    /// Unmaps every chunk.
    ///
    /// # Safety
    ///
    /// `chunk_table` has the chunks of this aperture, and of no other.
    pub(super) unsafe fn trim(&mut self, chunk_table: &mut ChunkTable) {
        // SAFETY: Our caller guarantees that `chunk_table` is that of our chunks.
        unsafe { self.chunks.trim(chunk_table) };
    }
}
