// SPDX-License-Identifier: GPL-2.0

//! L2: pieces of an aperture that stay mapped once they have been asked for.
//!
//! A chunk is 2 MiB of the aperture, aligned as its physical address is: one large page where the
//! kernel gives one. It is made once, under a lock, and found again by two loads, without a lock
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
    unsafe(uninit) static FIRST: Mutex<()> = ();
}

/// Readies chunks, with a budget of address space for them in bytes. Called when the module is
/// loaded, before any aperture can be; later calls change nothing.
pub(crate) fn init(budget: u64) {
    if BUDGET.populate(budget) {
        // SAFETY: Only one call gets here, and no chunk has been asked for yet.
        unsafe { FIRST.init() };
    }
}

/// A share of the budget, given back on drop.
struct Share(u64);

impl Share {
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

impl Drop for Share {
    fn drop(&mut self) {
        USED.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// A part of an aperture that is mapped by itself, and listed.
pub(crate) struct Piece {
    // Dropped in this order: nobody looks at entries that are going.
    _tracked: TrackedMapping,
    _area: VmArea,
}

impl Piece {
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

/// A chunk that has been made.
struct Chunk {
    // Dropped in this order: the share is free once the addresses are.
    _piece: Piece,
    _share: Share,
}

/// What has been made: changed under a lock only.
struct Made {
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
pub(crate) struct Directory {
    table: AtomicPtr<AtomicUsize>,
    /// How far into its large page the aperture begins.
    skew: u64,
}

impl Directory {
    /// The directory of an aperture that begins at physical address `base`, with no chunks.
    pub(crate) const fn new(base: u64) -> Self {
        // INVARIANT: `table` is null.
        Self {
            table: AtomicPtr::new(core::ptr::null_mut()),
            skew: base & (CHUNK_SIZE - 1),
        }
    }

    #[inline(always)]
    fn index(&self, offset: u64) -> usize {
        // No overflow: the last byte of the aperture has an address. CAST: a table that is larger
        // than memory cannot be made, and then nobody looks into it.
        (offset.wrapping_add(self.skew) >> CHUNK_SHIFT) as usize
    }

    /// Whether the `len` bytes from `offset` on, not 0 and within the aperture, are in one chunk.
    #[inline(always)]
    pub(crate) fn in_one(&self, offset: u64, len: u64) -> bool {
        // No overflow: the last byte of the aperture has an address.
        let first = offset.wrapping_add(self.skew);
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
        if table.is_null() || !self.in_one(offset, len) {
            return None;
        }
        // SAFETY: By the invariant `table` has an element for every offset within the aperture.
        let element = unsafe { &*table.wrapping_add(self.index(offset)) };
        let bias = element.load(Ordering::Acquire);
        // CAST: the sum is an address, whatever was cut off before.
        (bias != 0).then(|| bias.wrapping_add(offset as usize))
    }
}

/// The chunks of one aperture.
pub(crate) struct Chunks {
    base: u64,
    size: u64,
    prot: Protection,
    /// From the first chunk on: an aperture of which nothing is mapped needs no memory.
    made: SetOnce<Pin<KBox<Mutex<Made>>>>,
}

impl Chunks {
    /// No chunks yet of the `size` bytes from physical address `base` on.
    pub(crate) fn new(base: u64, size: u64, prot: Protection) -> Self {
        Self {
            base,
            size,
            prot,
            made: SetOnce::new(),
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

    /// The address of the byte at `offset`, which is within `aperture` with its `directory`, making
    /// its chunk if need be. `None` where the chunk cannot be had, for want of budget, memory or address
    /// space, or because not all of it can be mapped: a smaller piece may still be.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// `directory` is that of these chunks, and of no others; `offset` is within the aperture.
    pub(crate) unsafe fn find_or_make(
        &self,
        aperture: &TrackedMapping,
        directory: &Directory,
        offset: u64,
    ) -> Option<usize> {
        // SAFETY: As required of our caller.
        if let Some(addr) = unsafe { directory.find(offset, 1) } {
            return Some(addr);
        }
        let mut made = self.made().ok()?.lock();
        // SAFETY: As above.
        if let Some(addr) = unsafe { directory.find(offset, 1) } {
            return Some(addr);
        }
        self.make(aperture, directory, &mut made, offset).ok()
    }

    /// Makes the chunk of `offset`, which is not there.
    fn make(
        &self,
        aperture: &TrackedMapping,
        directory: &Directory,
        made: &mut Made,
        offset: u64,
    ) -> Result<usize> {
        let (first, len) = self.extent(directory, offset);
        let share = Share::take(len).ok_or(ENOSPC)?;
        self.make_table(directory, made)?;
        made.chunks.reserve(1, GFP_KERNEL | __GFP_NOWARN)?;
        let len = usize::try_from(len)?;
        let (piece, addr) = Piece::map(
            aperture,
            MappingKind::Chunk,
            self.phys(first),
            len,
            self.prot,
        )?;
        let bias = addr.wrapping_sub(first as usize);
        let chunk = Chunk {
            _piece: piece,
            _share: share,
        };
        made.chunks.push(chunk, GFP_KERNEL | __GFP_NOWARN)?;
        let element = made.table.get(directory.index(offset)).ok_or(EINVAL)?;
        // INVARIANT: the chunk is mapped, and kept.
        element.store(bias, Ordering::Release);
        Ok(bias.wrapping_add(offset as usize))
    }

    /// What has been made, to begin with nothing.
    fn made(&self) -> Result<&Mutex<Made>> {
        if self.made.as_ref().is_none() {
            let empty = Made {
                chunks: KVVec::new(),
                table: KVVec::new(),
            };
            let new = KBox::pin_init(new_mutex!(empty), GFP_KERNEL)?;
            // One task at a time, so that nobody finds it half set.
            let _first = FIRST.lock();
            self.made.populate(new);
        }
        self.made.as_ref().map(|made| &**made).ok_or(ENOMEM)
    }

    /// Offset and length of the part of the aperture that is in the same chunk as `offset`: pages.
    fn extent(&self, directory: &Directory, offset: u64) -> (u64, u64) {
        let skew = directory.skew;
        let boundary = (offset + skew) & !(CHUNK_SIZE - 1);
        let first = boundary.saturating_sub(skew);
        let end = (boundary + CHUNK_SIZE - skew).min(self.size);
        (first, (end - first).next_multiple_of(PAGE_SIZE))
    }

    fn make_table(&self, directory: &Directory, made: &mut Made) -> Result {
        if !made.table.is_empty() {
            return Ok(());
        }
        let count = directory.index(self.size - 1) + 1;
        let mut table = KVVec::with_capacity(count, GFP_KERNEL | __GFP_NOWARN)?;
        for _ in 0..count {
            table.push(AtomicUsize::new(0), GFP_KERNEL)?;
        }
        made.table = table;
        // INVARIANT: an element for each chunk, which is not moved until the chunks are trimmed.
        let first = made.table.as_mut_ptr();
        directory.table.store(first, Ordering::Release);
        Ok(())
    }

    /// Unmaps every chunk.
    pub(crate) fn trim(&mut self, directory: &mut Directory) {
        // INVARIANT: null again, and nobody looks: we are the only ones.
        *directory.table.get_mut() = core::ptr::null_mut();
        if let Some(made) = self.made.as_ref() {
            let mut made = made.lock();
            made.table = KVVec::new();
            made.chunks = KVVec::new();
        }
    }
}
