// SPDX-License-Identifier: GPL-2.0

//! Chunks: parts of a sparse aperture that stay mapped after their first use.
//!
//! A chunk is 2 MiB of the aperture, aligned as its physical address is, so that one large page maps
//! it where the kernel has them. It is mapped under a lock, once. Later maps find it by two loads,
//! which take no lock and write no shared memory. It is unmapped when the chunks are trimmed, or with
//! the aperture. Users of a chunk need not be counted, as every map borrows the aperture.

use crate::mm::cache_mode::Protection;
use crate::mm::phys_range::PAGE_SIZE;
use crate::mm::vm_area::VmArea;
use crate::tracking::{MappingInfo, MappingKind, TrackedMapping};
use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    new_mutex,
    prelude::*,
    sync::{global_lock, Mutex, SetOnce},
};

/// The size of a chunk, as a shift.
pub(crate) const CHUNK_SHIFT: u32 = 21;
/// The size of a chunk in bytes.
pub(crate) const CHUNK_SIZE: u64 = 1 << CHUNK_SHIFT;

/// How many bytes of address space all chunks together may take. Unset until the module is loaded.
static BUDGET: SetOnce<u64> = SetOnce::new();
/// How many bytes of address space all chunks together take.
static USED: AtomicU64 = AtomicU64::new(0);

global_lock! {
    // SAFETY: `init` initialises it, before any chunk is mapped.
    unsafe(uninit) static CREATE_LOCK: Mutex<()> = ();
}

/// Sets the budget of address space for chunks, in bytes. Called when the module is loaded, before
/// there can be an aperture. Later calls change nothing.
pub(crate) fn init(budget: u64) {
    if BUDGET.populate(budget) {
        // SAFETY: Only the first call gets here, and no chunk is mapped yet.
        unsafe { CREATE_LOCK.init() };
    }
}

/// Bytes charged to the budget, given back on drop.
struct BudgetCharge(u64);

impl BudgetCharge {
    /// Charges `bytes` to the budget, or returns `None` if it has fewer left.
    fn new(bytes: u64) -> Option<Self> {
        let budget = BUDGET.copy().unwrap_or(0);
        let mut used = USED.load(Ordering::Relaxed);
        loop {
            let new = used.checked_add(bytes).filter(|&new| new <= budget)?;
            match USED.compare_exchange_weak(used, new, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(Self(bytes)),
                Err(current) => used = current,
            }
        }
    }
}

impl Drop for BudgetCharge {
    fn drop(&mut self) {
        USED.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// A part of an aperture in an area of its own, which is in the list of mappings.
pub(crate) struct TrackedArea {
    // Dropped in this order: the area leaves the list before it is unmapped.
    tracked: TrackedMapping,
    _area: VmArea,
}

impl TrackedArea {
    /// What is known about it.
    #[cfg(CONFIG_64BIT)]
    pub(crate) fn info(&self) -> &MappingInfo {
        self.tracked.info()
    }

    /// Maps the `size` bytes from `phys` on of `aperture`, both multiples of the page size. Returns
    /// the area and its first address.
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
        let tracked = aperture.new_child(kind, phys, size as u64, addr)?;
        Ok((Self { tracked, _area }, addr))
    }
}

/// A chunk that is mapped.
struct Chunk {
    // Dropped in this order: the budget gets the address space back after it is free.
    _area: TrackedArea,
    _charge: BudgetCharge,
}

/// The chunks of an aperture that are mapped, and the elements of its [`ChunkTable`]. Both change
/// only under a lock, or by who has the aperture for itself.
struct MappedChunks {
    chunks: KVVec<Chunk>,
    elements: KVVec<AtomicUsize>,
}

/// Finds the address of a chunk without a lock.
///
/// It is apart from [`Chunks`], so that a map can look into it before it knows the strategy of the
/// aperture.
///
/// # Invariants
///
/// - `elements` is null, or it points to an array of an element for each chunk of the aperture, which
///   is neither moved nor freed before the chunks are trimmed.
/// - An element is 0, or its chunk is mapped: the element plus an offset in that chunk, with
///   wrap-around, is the address at that offset. The element does not change before the chunks are
///   trimmed.
/// - `base_misalignment` is less than [`CHUNK_SIZE`].
pub(crate) struct ChunkTable {
    elements: AtomicPtr<AtomicUsize>,
    /// How far behind a chunk's boundary the physical address of the aperture is.
    base_misalignment: u64,
}

impl ChunkTable {
    /// Returns the table of an aperture that begins at physical address `base` and has no chunks yet.
    pub(crate) const fn new(base: u64) -> Self {
        // INVARIANT: `elements` is null, and the misalignment is a remainder of the size of a chunk.
        Self {
            elements: AtomicPtr::new(core::ptr::null_mut()),
            base_misalignment: base & (CHUNK_SIZE - 1),
        }
    }

    /// The number of the chunk that has the byte at `offset`, which is within the aperture.
    #[inline(always)]
    fn index(&self, offset: u64) -> usize {
        // No overflow: the last byte of the aperture has a physical address. CAST: Those have 52 bits
        // at the most, and 31 are left.
        (offset.wrapping_add(self.base_misalignment) >> CHUNK_SHIFT) as usize
    }

    /// Whether one chunk has all of the `len` bytes from `offset` on. They are at least one, and
    /// within the aperture.
    #[inline(always)]
    pub(crate) fn in_one_chunk(&self, offset: u64, len: u64) -> bool {
        // No overflow: the last byte of the aperture has a physical address.
        let first = offset.wrapping_add(self.base_misalignment);
        let last = first.wrapping_add(len.wrapping_sub(1));
        (first ^ last) < CHUNK_SIZE
    }

    /// Returns the address of the byte at `offset`, if one chunk has all of the `len` bytes from there
    /// on and is mapped.
    ///
    /// # Safety
    ///
    /// The bytes, at least one, are within the aperture.
    #[inline(always)]
    pub(crate) unsafe fn find(&self, offset: u64, len: u64) -> Option<usize> {
        let elements = self.elements.load(Ordering::Acquire);
        if elements.is_null() || !self.in_one_chunk(offset, len) {
            return None;
        }
        // SAFETY: By the invariants of `ChunkTable` the array has an element for each chunk, and it
        // is there while `self` is borrowed. Our caller guarantees that a chunk has `offset`.
        let element = unsafe { &*elements.wrapping_add(self.index(offset)) };
        let addr_delta = element.load(Ordering::Acquire);
        // CAST: The sum is an address, so that the bits that are cut off do not matter.
        (addr_delta != 0).then(|| addr_delta.wrapping_add(offset as usize))
    }
}

/// The chunks of an aperture.
///
/// # Invariants
///
/// The `size` bytes from physical address `base` on, at least one, are those of the aperture. `base`
/// is a multiple of the page size. None of the bytes is past the physical address width.
pub(crate) struct Chunks {
    base: u64,
    size: u64,
    prot: Protection,
    /// Set when the first chunk is mapped: before that, an aperture needs no memory for them.
    mapped: SetOnce<Pin<KBox<Mutex<MappedChunks>>>>,
}

impl Chunks {
    /// Returns the chunks of an aperture, none of which is mapped yet: of `size` bytes from physical
    /// address `base` on, which have passed the checks of [`ReservedRange`].
    ///
    /// [`ReservedRange`]: crate::ioremap::ReservedRange
    pub(crate) fn new(base: u64, size: u64, prot: Protection) -> Self {
        // INVARIANT: The checks refuse a size of 0, and bytes past the physical address width.
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
        // No overflow: the last byte of the aperture has a physical address.
        self.base.wrapping_add(offset)
    }

    /// The protection of every map of the aperture.
    #[inline(always)]
    pub(crate) fn prot(&self) -> Protection {
        self.prot
    }

    /// Returns the address of the byte at `offset`, mapping its chunk first if need be.
    ///
    /// Returns `None` if the chunk cannot be mapped: the budget is spent, memory or address space is
    /// short, or not all of the chunk can be mapped. A smaller part of it may still be mapped in an
    /// area of its own.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// - `chunk_table` has the chunks of this aperture, and of no other.
    /// - `offset` is within the aperture.
    pub(crate) unsafe fn find_or_map(
        &self,
        aperture: &TrackedMapping,
        chunk_table: &ChunkTable,
        offset: u64,
    ) -> Option<usize> {
        // SAFETY: Our caller guarantees that `offset` is within the aperture.
        if let Some(addr) = unsafe { chunk_table.find(offset, 1) } {
            return Some(addr);
        }
        let mut mapped = self.mapped().ok()?.lock();
        // Another task may have mapped it before we had the lock.
        // SAFETY: Our caller guarantees that `offset` is within the aperture.
        if let Some(addr) = unsafe { chunk_table.find(offset, 1) } {
            return Some(addr);
        }
        self.map_chunk(aperture, chunk_table, &mut mapped, offset)
            .ok()
    }

    /// Maps the chunk that has the byte at `offset`, which is not mapped. Returns the address of the
    /// byte.
    fn map_chunk(
        &self,
        aperture: &TrackedMapping,
        chunk_table: &ChunkTable,
        mapped: &mut MappedChunks,
        offset: u64,
    ) -> Result<usize> {
        let (first, len) = self.chunk_range(chunk_table, offset);
        let charge = BudgetCharge::new(len).ok_or(ENOSPC)?;
        self.allocate_elements(chunk_table, mapped)?;
        // What needs memory comes before the mapping, which costs the most.
        mapped.chunks.reserve(1, GFP_KERNEL | __GFP_NOWARN)?;
        let len = usize::try_from(len)?;
        let phys = self.phys(first);
        let (area, addr) = TrackedArea::map(aperture, MappingKind::Chunk, phys, len, self.prot)?;
        // CAST: The address is a sum of it again, so that the bits that are cut off do not matter.
        let addr_delta = addr.wrapping_sub(first as usize);
        let chunk = Chunk {
            _area: area,
            _charge: charge,
        };
        mapped.chunks.push(chunk, GFP_KERNEL | __GFP_NOWARN)?;
        let element = mapped.elements.get(chunk_table.index(offset));
        let element = element.ok_or(EINVAL)?;
        // INVARIANT: The chunk is mapped, and `chunks` keeps it until they are trimmed.
        element.store(addr_delta, Ordering::Release);
        Ok(addr_delta.wrapping_add(offset as usize))
    }

    /// Returns the chunks that are mapped, which are none at first.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn mapped(&self) -> Result<&Mutex<MappedChunks>> {
        if self.mapped.as_ref().is_none() {
            let empty = MappedChunks {
                chunks: KVVec::new(),
                elements: KVVec::new(),
            };
            let new = KBox::pin_init(new_mutex!(empty), GFP_KERNEL | __GFP_NOWARN)?;
            // While one task sets it, others would find it neither unset nor set.
            let _guard = CREATE_LOCK.lock();
            self.mapped.populate(new);
        }
        self.mapped.as_ref().map(|mapped| &**mapped).ok_or(ENOMEM)
    }

    /// Returns offset and length, in whole pages, of what the aperture has of the chunk that has the
    /// byte at `offset`.
    fn chunk_range(&self, chunk_table: &ChunkTable, offset: u64) -> (u64, u64) {
        let base_misalignment = chunk_table.base_misalignment;
        // No overflow: physical addresses have 52 bits at the most, and `first <= offset < end`.
        let boundary = offset.wrapping_add(base_misalignment) & !(CHUNK_SIZE - 1);
        let first = boundary.saturating_sub(base_misalignment);
        let end = boundary.wrapping_add(CHUNK_SIZE - base_misalignment);
        let len = end.min(self.size).wrapping_sub(first);
        (first, len.next_multiple_of(PAGE_SIZE))
    }

    /// Allocates the elements of `chunk_table`, unless it has them.
    fn allocate_elements(&self, chunk_table: &ChunkTable, mapped: &mut MappedChunks) -> Result {
        if !mapped.elements.is_empty() {
            return Ok(());
        }
        // No overflow: by the invariants of `Chunks` there is a last byte. `index` fits in 31 bits.
        let count = chunk_table.index(self.size.wrapping_sub(1)).wrapping_add(1);
        let mut elements = KVVec::with_capacity(count, GFP_KERNEL | __GFP_NOWARN)?;
        for _ in 0..count {
            elements.push(AtomicUsize::new(0), GFP_KERNEL)?;
        }
        mapped.elements = elements;
        // INVARIANT: There is an element for each chunk. `mapped` keeps them in place until the chunks
        // are trimmed, as it never pushes to a vector that is not empty.
        let first = mapped.elements.as_mut_ptr();
        chunk_table.elements.store(first, Ordering::Release);
        Ok(())
    }

    /// Unmaps every chunk, and frees what there was for them.
    ///
    /// # Context
    ///
    /// As dropping a [`TrackedMapping`].
    ///
    /// # Safety
    ///
    /// `chunk_table` has the chunks of this aperture, and of no other.
    pub(crate) unsafe fn trim(&mut self, chunk_table: &mut ChunkTable) {
        // INVARIANT: `elements` is null again. Nobody looks into the array, as we have the only
        // reference to the table.
        *chunk_table.elements.get_mut() = core::ptr::null_mut();
        // The lock goes, too, and is not taken: this may be reclaim, and others allocate memory under it.
        self.mapped = SetOnce::new();
    }
}
