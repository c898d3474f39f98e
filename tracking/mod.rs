// SPDX-License-Identifier: GPL-2.0

//! Tracking of mappings: a record of each, from when it has been made until just before it is
//! unmapped.
//!
//! Making and freeing a mapping must stay as cheap as in C. So neither takes a lock, and memory is
//! allocated once for many records. A record is published when it is complete, and unpublished
//! before the mapping is unmapped. A reader pins the record that it reads. Whoever frees that mapping
//! waits until the reader unpins it.
//!
//! The name of a caller's file is in the memory of the caller's module. A mapping can outlive that
//! module: it may have been leaked, or handed to another module. When a module is unloaded, every
//! record that points into its memory forgets the caller.

use crate::bindings::jiffies;
use crate::bindings::module::ModuleNotifierRegistration;
use crate::mm::cache_mode::CacheMode;
use crate::mm::reclaim;
use crate::tracking::counters::Counter;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use kernel::{
    prelude::*,
    sync::{global_lock, GlobalGuard},
};

mod caller;
pub(crate) mod counters;
mod pool;
mod unload;
pub(crate) use caller::{CallSite, Caller};
use pool::{Record, Records, PINNED, PUBLISHED, UNPUBLISHED};

/// What has been mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum MappingKind {
    /// A range, by `ioremap()`.
    Ioremap = 0,
    /// An aperture that is mapped as a whole.
    Whole,
    /// A sparse aperture, which is not mapped itself. Its chunks and areas are its children.
    Sparse,
    /// A part of a sparse aperture that stays mapped.
    Chunk,
    /// A part of a sparse aperture that is mapped for as long as one guard.
    Area,
}

impl MappingKind {
    const fn made(self) -> Counter {
        match self {
            Self::Ioremap => Counter::MappingsMade,
            Self::Whole => Counter::WholeMade,
            Self::Sparse => Counter::SparseMade,
            Self::Chunk => Counter::ChunksMade,
            Self::Area => Counter::AreasMade,
        }
    }

    const fn dropped(self) -> Counter {
        match self {
            Self::Ioremap => Counter::MappingsDropped,
            Self::Whole => Counter::WholeDropped,
            Self::Sparse => Counter::SparseDropped,
            Self::Chunk => Counter::ChunksDropped,
            Self::Area => Counter::AreasDropped,
        }
    }
}

/// What is known about a tracked mapping.
///
/// # Invariants
///
/// `caller` is null, or it is valid and `caller_is_c` says what it points to: see [`Caller`].
pub(crate) struct MappingInfo {
    /// No other mapping ever has this number. Not 0.
    pub(crate) id: u64,
    /// The number of the sparse aperture that this is a part of, or 0.
    pub(crate) parent: u64,
    /// The physical address of the first byte.
    pub(crate) phys: u64,
    /// In bytes.
    pub(crate) size: u64,
    /// The virtual address of the first byte, or 0 for a sparse aperture.
    pub(crate) addr: usize,
    since: u32,
    caller: AtomicPtr<()>,
    caller_is_c: bool,
    pub(crate) kind: MappingKind,
    pub(crate) requested: CacheMode,
    /// The cache mode that the registry of cache modes granted.
    pub(crate) achieved: CacheMode,
}

impl MappingInfo {
    /// Returns for how many seconds the mapping has been there.
    pub(crate) fn age(&self) -> u32 {
        jiffies::seconds_since(self.since)
    }
}

/// What is known about a mapping that is about to be tracked.
pub(crate) struct NewMapping {
    pub(crate) kind: MappingKind,
    pub(crate) parent: u64,
    pub(crate) phys: u64,
    pub(crate) size: u64,
    pub(crate) addr: usize,
    pub(crate) requested: CacheMode,
    pub(crate) achieved: CacheMode,
}

/// The number of the next mapping.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

global_lock! {
    // SAFETY: `Registration::new` initializes it before anything else here is used.
    unsafe(uninit) static PIN_LOCK: Mutex<()> = ();
}

/// Whether `Registration::new` has been called.
static REGISTERED: AtomicBool = AtomicBool::new(false);

/// Keeps the records for as long as the module is loaded.
pub(crate) struct Registration {
    // Dropped first, as it reads the records.
    _unloads: ModuleNotifierRegistration,
    _pool: PoolRegistration,
}

struct PoolRegistration(());

impl Registration {
    /// Called when the module is loaded, before anything is mapped.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EBUSY` for any call but the first.
    pub(crate) fn new() -> Result<Self> {
        if REGISTERED.swap(true, Ordering::Relaxed) {
            return Err(EBUSY);
        }
        // SAFETY: Only one call gets here, and nothing has used the lock before.
        unsafe { PIN_LOCK.init() };
        // Who drops a mapping seldom waits for it, and may be a shrinker.
        reclaim::may_wait_for(|| drop(PIN_LOCK.lock()));
        // SAFETY: Only one call gets here, and nothing has used the pool before.
        unsafe { pool::init()? };
        let _pool = PoolRegistration(());
        Ok(Self {
            _unloads: unload::register()?,
            _pool,
        })
    }
}

impl Drop for PoolRegistration {
    fn drop(&mut self) {
        // SAFETY: The module is being unloaded: nobody maps or reads records any more.
        let leaked = unsafe { pool::free() };
        if leaked != 0 {
            pr_warn!("{} mappings were leaked\n", leaked);
        }
    }
}

/// A mapping that is tracked until this is dropped, which is before it is unmapped.
///
/// # Invariants
///
/// The record has been taken from the pool for this mapping, and is published.
pub(crate) struct TrackedMapping(&'static Record);

// SAFETY: A record may be read and put back by any task, on any CPU.
unsafe impl Send for TrackedMapping {}
// SAFETY: A shared reference only reads what does not change while the record is published.
unsafe impl Sync for TrackedMapping {}

impl TrackedMapping {
    /// Tracks a mapping that has been made for `caller`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep. Dropping it may sleep, too, and may be done in reclaim.
    #[inline(always)]
    pub(crate) fn new(new: NewMapping, caller: Option<Caller<'static>>) -> Result<Self> {
        let record = pool::take()?;
        // SAFETY: The record is ours, and by the invariant of `Record` its `info` is, too, as it is
        // not published.
        let info = unsafe { &mut *record.info.get() };
        info.id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        info.parent = new.parent;
        info.phys = new.phys;
        info.size = new.size;
        info.addr = new.addr;
        info.since = jiffies::now();
        info.kind = new.kind;
        info.requested = new.requested;
        info.achieved = new.achieved;
        // INVARIANT: Null, or in the memory of a module that is loaded, as it calls us.
        let (raw, is_c) = caller.map_or((ptr::null_mut(), false), Caller::into_raw);
        *info.caller.get_mut() = raw;
        info.caller_is_c = is_c;
        // INVARIANT: From here on `info` does not change.
        record.state.store(PUBLISHED, Ordering::Release);
        new.kind.made().count();
        // INVARIANT: Taken and published above.
        Ok(Self(record))
    }

    /// What is known about the mapping.
    pub(crate) fn info(&self) -> &MappingInfo {
        // SAFETY: By the invariant of `TrackedMapping` the record is published while `self` lives,
        // so that by the invariant of `Record` its `info` does not change.
        unsafe { &*self.0.info.get() }
    }

    /// Tracks a part of this sparse aperture that has been mapped.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Context
    ///
    /// As [`TrackedMapping::new`].
    pub(crate) fn new_child(
        &self,
        kind: MappingKind,
        phys: u64,
        size: u64,
        addr: usize,
    ) -> Result<Self> {
        let aperture = self.info();
        let new = NewMapping {
            kind,
            parent: aperture.id,
            phys,
            size,
            addr,
            requested: aperture.requested,
            achieved: aperture.achieved,
        };
        Self::new(new, None)
    }
}

impl Drop for TrackedMapping {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: By the invariant of `TrackedMapping` the record is published and was taken for
        // us. Nobody has it after this.
        unsafe { untrack(self.0) };
    }
}

/// Stops tracking a mapping.
///
/// # Safety
///
/// `record` is that of a [`TrackedMapping`], which is not used any more.
// By value, so that a guard that may have a record stays in registers.
#[inline(never)]
unsafe fn untrack(record: &'static Record) {
    // SAFETY: The record is published, so that by the invariant of `Record` its `info` does not
    // change.
    let kind = unsafe { (*record.info.get()).kind };
    kind.dropped().count();
    let state = &record.state;
    let unpublished =
        state.compare_exchange(PUBLISHED, UNPUBLISHED, Ordering::AcqRel, Ordering::Relaxed);
    if unpublished.is_err() {
        wait_and_unpublish(state);
    }
    // SAFETY: As required of our caller, the record was taken, and is not used any more.
    unsafe { pool::put(record) };
}

#[cold]
#[inline(never)]
fn wait_and_unpublish(state: &AtomicU32) {
    // A reader that has pinned the record holds the lock.
    let _lock = PIN_LOCK.lock();
    state.store(UNPUBLISHED, Ordering::Relaxed);
}

/// Goes over all tracked mappings. One that is made or dropped meanwhile may be left out.
pub(crate) struct MappingCursor {
    records: Records,
}

impl MappingCursor {
    /// Returns a cursor that is before the first mapping.
    pub(crate) fn new() -> Self {
        Self {
            records: pool::records(),
        }
    }

    /// Moves to the next mapping and pins it. Returns `None` at the end.
    ///
    /// Only one mapping can be pinned at a time, which the borrow of the cursor makes sure of.
    ///
    /// # Context
    ///
    /// May sleep. No mapping may be dropped while one is pinned, and no memory be allocated: a shrinker may drop one.
    pub(crate) fn pin_next(&mut self) -> Option<PinnedMapping<'_>> {
        self.records.find_map(PinnedMapping::new)
    }
}

/// A tracked mapping that cannot be unmapped, nor its caller be cleared, until this is dropped.
///
/// # Invariants
///
/// `record` is pinned, by us: we hold the lock that is needed for it.
pub(crate) struct PinnedMapping<'a> {
    record: &'static Record,
    _lock: GlobalGuard<PIN_LOCK>,
    _cursor: PhantomData<&'a mut MappingCursor>,
}

impl PinnedMapping<'_> {
    fn new(record: &'static Record) -> Option<Self> {
        if record.state.load(Ordering::Relaxed) == UNPUBLISHED {
            return None;
        }
        let _lock = PIN_LOCK.lock();
        let pinned =
            record
                .state
                .compare_exchange(PUBLISHED, PINNED, Ordering::Acquire, Ordering::Relaxed);
        // INVARIANT: Pinned just now, with the lock held.
        pinned.is_ok().then(|| Self {
            record,
            _lock,
            _cursor: PhantomData,
        })
    }

    /// Unpins the mapping and pins it again. In between a task that waits to unmap it, or any other
    /// mapping, can go on. Returns `None` if it has been unmapped.
    pub(crate) fn repin(self) -> Option<Self> {
        let (record, id) = (self.record, self.id);
        drop(self);
        // The record may be another mapping's by now.
        Self::new(record).filter(|mapping| mapping.id == id)
    }

    /// Returns where the mapping was asked for, if that module is still loaded.
    pub(crate) fn caller(&self) -> Option<Caller<'_>> {
        let raw = self.caller.load(Ordering::Relaxed);
        // SAFETY: By the invariant of `MappingInfo` it is null or valid. It is cleared before it
        // becomes invalid, which needs the lock that we hold.
        unsafe { Caller::from_raw(raw, self.caller_is_c) }
    }

    /// Clears the caller if `is_going` says that its address is about to become invalid.
    fn clear_caller_if(&self, is_going: impl Fn(usize) -> bool) {
        if is_going(self.caller.load(Ordering::Relaxed).addr()) {
            // INVARIANT: Null. Nobody uses the old value, which needs the lock that we hold.
            self.caller.store(ptr::null_mut(), Ordering::Relaxed);
        }
    }
}

impl Deref for PinnedMapping<'_> {
    type Target = MappingInfo;

    fn deref(&self) -> &MappingInfo {
        // SAFETY: By the invariant of `PinnedMapping` the record is pinned, so that by the
        // invariant of `Record` its `info` does not change.
        unsafe { &*self.record.info.get() }
    }
}

impl Drop for PinnedMapping<'_> {
    fn drop(&mut self) {
        // A task that wants to unpublish it waits for the lock.
        self.record.state.store(PUBLISHED, Ordering::Release);
    }
}
