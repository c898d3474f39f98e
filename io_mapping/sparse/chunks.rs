// SPDX-License-Identifier: GPL-2.0

//! L2: pieces of an aperture that stay mapped once they have been asked for.
//!
//! A chunk is 2 MiB of the aperture, aligned as its physical address is: one large page where the
//! kernel gives one. It is mapped once, under a lock, and found again by two loads, without a lock
//! and without a shared write. It goes with the aperture, or when all of them are trimmed: no count
//! of users is needed, because every map borrows the aperture.

use crate::mm::cache_mode::Protection;
use crate::mm::phys_range::PAGE_SIZE;
use crate::mm::vm_area::VmArea;
use crate::tracking::{MappingKind, TrackedMapping};
use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    new_mutex,
    prelude::*,
    sync::{global_lock, Mutex, SetOnce},
};

/// Bytes of a chunk, as a shift.
pub(crate) const CHUNK_SHIFT: u32 = 21;
/// Bytes of a chunk.
pub(crate) const CHUNK_SIZE: u64 = 1 << CHUNK_SHIFT;

/// The most bytes of address space that all chunks together may take, if it has been set.
static BUDGET: SetOnce<u64> = SetOnce::new();
/// The bytes of address space that they take.
static USED: AtomicU64 = AtomicU64::new(0);

global_lock! {
    // SAFETY: `init` does it, before anything else here.
    unsafe(uninit) static CREATE_LOCK: Mutex<()> = ();
}

/// Readies chunks, with a budget of address space for them in bytes. Called when the module is
/// loaded, before any aperture can be; later calls change nothing.
pub(crate) fn init(budget: u64) {
    if BUDGET.populate(budget) {
        // SAFETY: Only one call gets here, and no chunk has been asked for yet.
        unsafe { CREATE_LOCK.init() };
    }
}

/// A charge of the budget, given back on drop.
struct BudgetCharge(u64);

impl BudgetCharge {
    fn take(bytes: u64) -> Option<Self> {
        let budget = BUDGET.copy().unwrap_or(0);
        let mut used = USED.load(Ordering::Relaxed);
        loop {
            let now = used.checked_add(bytes).filter(|&now| now <= budget)?;
            match USED.compare_exchange_weak(used, now, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(Self(bytes)),
                Err(other) => used = other,
            }
        }
    }
}

impl Drop for BudgetCharge {
    fn drop(&mut self) {
        USED.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// A part of an aperture that is mapped by itself, and listed.
pub(crate) struct TrackedArea {
    // Dropped in this order: nobody looks at entries that are going.
    _tracked: TrackedMapping,
    _area: VmArea,
}

impl TrackedArea {
    /// Maps the `size` bytes from `phys` on of `aperture`, whole pages. Gives the first address, too.
    ///
    /// # Errors
    ///
    /// Those of [`VmArea::map`].
    pub(crate) fn map(
        aperture: &TrackedMapping,
        kind: MappingKind,
        phys: u64,
        size: usize,
        prot: Protection,
    ) -> Result<(Self, usize)> {
        let (_area, addr) = VmArea::map(phys, size, prot)?;
        let _tracked = aperture.new_child(kind, phys, size as u64, addr)?;
        Ok((Self { _tracked, _area }, addr))
    }
}

/// A chunk that has been mapped.
struct Chunk {
    // Dropped in this order: the charge is free once the addresses are.
    _area: TrackedArea,
    _charge: BudgetCharge,
}

/// What has been mapped: changed under a lock only.
struct MappedChunks {
    chunks: KVVec<Chunk>,
    table: KVVec<AtomicUsize>,
}

/// Where the chunks of an aperture are, to be looked up without a lock.
///
/// # Invariants
///
/// `table` is null, or points to an element for each chunk of the aperture, which does not move. An
/// element is 0, or what to add to an offset in its part of the aperture to get the address where
/// it is mapped; an element that is not 0 stays until the chunks are trimmed.
pub(crate) struct ChunkTable {
    table: AtomicPtr<AtomicUsize>,
    /// How far into its large page the aperture begins.
    base_misalignment: u64,
}

impl ChunkTable {
    /// The table of an aperture that begins at physical address `base`, with no chunks.
    pub(crate) const fn new(base: u64) -> Self {
        // INVARIANT: `table` is null.
        Self {
            table: AtomicPtr::new(core::ptr::null_mut()),
            base_misalignment: base & (CHUNK_SIZE - 1),
        }
    }

    #[inline(always)]
    fn index(&self, offset: u64) -> usize {
        // No overflow: the last byte of the aperture has an address. CAST: a table that is larger
        // than memory cannot be allocated, and then nobody looks into it.
        (offset.wrapping_add(self.base_misalignment) >> CHUNK_SHIFT) as usize
    }

    /// Whether the `len` bytes from `offset` on, not 0 and within the aperture, are in one chunk.
    #[inline(always)]
    pub(crate) fn in_one_chunk(&self, offset: u64, len: u64) -> bool {
        // No overflow: the last byte of the aperture has an address.
        let first = offset.wrapping_add(self.base_misalignment);
        let last = first.wrapping_add(len.wrapping_sub(1));
        (first ^ last) < CHUNK_SIZE
    }

    /// The address of the byte at `offset` if its chunk is there, and has the `len` bytes, not 0,
    /// from there on.
    ///
    /// # Safety
    ///
    /// They are within the aperture.
    #[inline(always)]
    pub(crate) unsafe fn find(&self, offset: u64, len: u64) -> Option<usize> {
        let table = self.table.load(Ordering::Acquire);
        if table.is_null() || !self.in_one_chunk(offset, len) {
            return None;
        }
        // SAFETY: By the invariant `table` has an element for every offset within the aperture.
        let element = unsafe { &*table.wrapping_add(self.index(offset)) };
        let addr_delta = element.load(Ordering::Acquire);
        // CAST: the sum is an address, whatever was cut off before.
        (addr_delta != 0).then(|| addr_delta.wrapping_add(offset as usize))
    }
}

/// The chunks of one aperture.
pub(crate) struct Chunks {
    base: u64,
    size: u64,
    prot: Protection,
    /// From the first chunk on: an aperture of which nothing is mapped needs no memory.
    mapped: SetOnce<Pin<KBox<Mutex<MappedChunks>>>>,
}

impl Chunks {
    /// No chunks yet of the `size` bytes from physical address `base` on.
    pub(crate) fn new(base: u64, size: u64, prot: Protection) -> Self {
        Self {
            base,
            size,
            prot,
            mapped: SetOnce::new(),
        }
    }

    /// The physical address of the byte at `offset`, which is within the aperture.
    #[inline(always)]
    pub(crate) fn phys(&self, offset: u64) -> u64 {
        // No overflow: the last byte of the aperture has an address.
        self.base.wrapping_add(offset)
    }

    /// The protection of every map of the aperture.
    #[inline(always)]
    pub(crate) fn prot(&self) -> Protection {
        self.prot
    }

    /// The address of the byte at `offset`, which is within `aperture` with its `chunk_table`, mapping
    /// its chunk if need be. `None` where the chunk cannot be had, for want of budget, memory or address
    /// space, or because not all of it can be mapped: a smaller area may still be.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// `chunk_table` is that of these chunks, and of no others; `offset` is within the aperture.
    pub(crate) unsafe fn find_or_map(
        &self,
        aperture: &TrackedMapping,
        chunk_table: &ChunkTable,
        offset: u64,
    ) -> Option<usize> {
        // SAFETY: As required of our caller.
        if let Some(addr) = unsafe { chunk_table.find(offset, 1) } {
            return Some(addr);
        }
        let mut mapped = self.mapped().ok()?.lock();
        // SAFETY: As above.
        if let Some(addr) = unsafe { chunk_table.find(offset, 1) } {
            return Some(addr);
        }
        self.map_chunk(aperture, chunk_table, &mut mapped, offset)
            .ok()
    }

    /// Makes the chunk of `offset`, which is not there.
    fn map_chunk(
        &self,
        aperture: &TrackedMapping,
        chunk_table: &ChunkTable,
        mapped: &mut MappedChunks,
        offset: u64,
    ) -> Result<usize> {
        let (first, len) = self.chunk_range(chunk_table, offset);
        let charge = BudgetCharge::take(len).ok_or(ENOSPC)?;
        self.allocate_table(chunk_table, mapped)?;
        mapped.chunks.reserve(1, GFP_KERNEL | __GFP_NOWARN)?;
        let len = usize::try_from(len)?;
        let (area, addr) = TrackedArea::map(
            aperture,
            MappingKind::Chunk,
            self.phys(first),
            len,
            self.prot,
        )?;
        let addr_delta = addr.wrapping_sub(first as usize);
        let chunk = Chunk {
            _area: area,
            _charge: charge,
        };
        mapped.chunks.push(chunk, GFP_KERNEL | __GFP_NOWARN)?;
        let element = mapped.table.get(chunk_table.index(offset)).ok_or(EINVAL)?;
        // INVARIANT: the chunk is mapped, and kept.
        element.store(addr_delta, Ordering::Release);
        Ok(addr_delta.wrapping_add(offset as usize))
    }

    /// What has been mapped, to begin with nothing.
    fn mapped(&self) -> Result<&Mutex<MappedChunks>> {
        if self.mapped.as_ref().is_none() {
            let empty = MappedChunks {
                chunks: KVVec::new(),
                table: KVVec::new(),
            };
            let new = KBox::pin_init(new_mutex!(empty), GFP_KERNEL)?;
            // One task at a time, so that nobody finds it half set.
            let _first = CREATE_LOCK.lock();
            self.mapped.populate(new);
        }
        self.mapped.as_ref().map(|mapped| &**mapped).ok_or(ENOMEM)
    }

    /// Offset and length of the part of the aperture that is in the same chunk as `offset`: pages.
    fn chunk_range(&self, chunk_table: &ChunkTable, offset: u64) -> (u64, u64) {
        let base_misalignment = chunk_table.base_misalignment;
        let boundary = (offset + base_misalignment) & !(CHUNK_SIZE - 1);
        let first = boundary.saturating_sub(base_misalignment);
        let end = (boundary + CHUNK_SIZE - base_misalignment).min(self.size);
        (first, (end - first).next_multiple_of(PAGE_SIZE))
    }

    fn allocate_table(&self, chunk_table: &ChunkTable, mapped: &mut MappedChunks) -> Result {
        if !mapped.table.is_empty() {
            return Ok(());
        }
        let count = chunk_table.index(self.size - 1) + 1;
        let mut table = KVVec::with_capacity(count, GFP_KERNEL | __GFP_NOWARN)?;
        for _ in 0..count {
            table.push(AtomicUsize::new(0), GFP_KERNEL)?;
        }
        mapped.table = table;
        // INVARIANT: an element for each chunk, which is not moved until the chunks are trimmed.
        let first = mapped.table.as_mut_ptr();
        chunk_table.table.store(first, Ordering::Release);
        Ok(())
    }

    /// Unmaps every chunk.
    pub(crate) fn trim(&mut self, chunk_table: &mut ChunkTable) {
        // INVARIANT: null again, and nobody looks: we are the only ones.
        *chunk_table.table.get_mut() = core::ptr::null_mut();
        if let Some(mapped) = self.mapped.as_ref() {
            let mut mapped = mapped.lock();
            mapped.table = KVVec::new();
            mapped.chunks = KVVec::new();
        }
    }
}
