// SPDX-License-Identifier: GPL-2.0

//! The strategy Sparse: nothing is mapped until it is asked for.
//!
//! Creating an aperture reserves its cache mode and costs the same at any size. A temporary map
//! takes a slot of the window, or the chunk where there is one; a lasting map makes the chunk, or
//! takes an area of its own where it crosses a boundary between chunks or the budget is spent.

use crate::io_mapping::sparse::chunks::{ChunkTable, Chunks, TrackedArea};
use crate::io_mapping::sparse::window::{SlotAddr, Window};
use crate::ioremap::{Options, ReservedRange};
use crate::mm::cache_mode::{mode_of_entry, CacheMode, Reservation};
use crate::mm::machine;
use crate::mm::page_table::has_large_pages;
use crate::mm::phys_range::{PAGE_SHIFT, PAGE_SIZE};
use crate::tracking::counters;
use crate::tracking::{MappingKind, NewMapping, TrackedMapping};
use core::panic::Location;
use kernel::prelude::*;

pub(crate) mod chunks;
pub mod window;

/// Whether mapping all of an aperture of `size` bytes is cheap: with large pages, and an eighth of
/// the address space at most.
pub(super) fn whole_is_cheap(size: u64) -> bool {
    has_large_pages() && size <= machine::vmalloc_total() as u64 / 8
}

/// An aperture of which nothing is mapped as such.
pub(super) struct Sparse {
    // Dropped in this order: pieces are those of an aperture that is listed no more, and nobody else
    // may be given the cache mode while they are mapped.
    tracked: TrackedMapping,
    chunks: Chunks,
    reservation: Reservation,
    window: &'static Window,
}

impl Sparse {
    /// `base` is page-aligned.
    ///
    /// # Errors
    ///
    /// Those of [`Options::map`] but for what only mapping can meet.
    #[track_caller]
    pub(super) fn new(options: &Options, base: u64, size: u64) -> Result<Self> {
        let caller = Location::caller();
        let this = Self::try_new(options, base, size, caller);
        this.inspect_err(|&err| counters::count_refusal(err))
    }

    #[inline(always)]
    fn try_new(
        options: &Options,
        base: u64,
        size: u64,
        caller: &'static Location<'static>,
    ) -> Result<Self> {
        let (reserved, _) = ReservedRange::new(options, base, size)?;
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
            window: Window::get()?,
            // What is kept is small, as it is moved to the caller.
            reservation: reserved.into_reservation(),
        })
    }

    /// The cache mode asked for.
    pub(super) fn requested(&self) -> CacheMode {
        self.reservation.requested()
    }

    /// The cache mode that the entries of its maps select.
    pub(super) fn achieved(&self) -> CacheMode {
        let mode = mode_of_entry(self.chunks.prot().entry(0), PAGE_SHIFT);
        mode.unwrap_or_else(|| self.reservation.achieved())
    }

    /// The page at `offset`, which is page-aligned and within the aperture, by a slot.
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

    /// `len` bytes from `offset`, which is page-aligned; not 0 and within the aperture, whose
    /// chunk table is `chunk_table`.
    // Not inlined, as a user's module cannot reach what it needs.
    #[cold]
    #[inline(never)]
    pub(super) fn map_span(
        &self,
        chunk_table: &ChunkTable,
        offset: u64,
        len: u64,
    ) -> Result<(usize, Option<TrackedArea>)> {
        if chunk_table.in_one_chunk(offset, len) {
            // SAFETY: The chunk table of our aperture, and `offset` is within it.
            let addr = unsafe { self.chunks.find_or_map(&self.tracked, chunk_table, offset) };
            if let Some(addr) = addr {
                return Ok((addr, None));
            }
        }
        let pages = usize::try_from(len.next_multiple_of(PAGE_SIZE)).map_err(|_| ENOMEM)?;
        let (phys, prot) = (self.chunks.phys(offset), self.chunks.prot());
        let area = TrackedArea::map(&self.tracked, MappingKind::Area, phys, pages, prot);
        let (area, addr) = area.inspect_err(|&err| counters::count_refusal(err))?;
        Ok((addr, Some(area)))
    }

    pub(super) fn trim(&mut self, chunk_table: &mut ChunkTable) {
        self.chunks.trim(chunk_table);
    }
}
