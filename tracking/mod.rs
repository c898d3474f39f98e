// SPDX-License-Identifier: GPL-2.0

//! L1: which mappings there are: a record of each, from when it has been made until it is about to
//! be unmapped.
//!
//! Making and freeing a mapping must stay as cheap as C's, so that neither takes a lock nor
//! allocates memory. A record is published last and withdrawn first. Who reads it pins it: freeing
//! the mapping then waits, for as long as one step of [`each`] takes.
//!
//! The caller's file and line are in its module's memory. A mapping that is leaked outlives the
//! module, and so does one that was handed to another: a module that goes is looked for in all
//! records, and what they say of it is forgotten.

use crate::bindings::{self, module::ModuleNotifierRegistration};
use crate::mm::cache_mode::CacheMode;
use crate::tracking::counters::Counter;
use core::ops::Deref;
use core::panic::Location;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use kernel::{
    prelude::*,
    sync::{global_lock, GlobalGuard},
};

pub(crate) mod counters;
mod pool;
mod unload;
use pool::{Record, HIDDEN, PINNED, PUBLISHED};

/// What has been mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum MappingKind {
    /// A range, by `ioremap()`.
    Ioremap = 0,
    /// An aperture as a whole.
    Whole,
    /// An aperture of which nothing is mapped as such.
    Sparse,
    /// A piece of a sparse aperture that stays.
    Chunk,
    /// A piece of a sparse aperture that is unmapped with its guard.
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

/// What there is to say of a mapping.
///
/// # Invariants
///
/// `caller` is null or valid.
pub(crate) struct MappingInfo {
    /// No other mapping ever has this number. Not 0.
    pub(crate) id: u64,
    /// The number of the aperture that this is a piece of, or 0.
    pub(crate) parent: u64,
    pub(crate) phys: u64,
    /// Bytes.
    pub(crate) size: u64,
    /// Of the first byte; 0 where nothing is mapped as such.
    pub(crate) addr: usize,
    since: u32,
    caller: AtomicPtr<Location<'static>>,
    pub(crate) kind: MappingKind,
    pub(crate) requested: CacheMode,
    /// What the registry of cache modes gave.
    pub(crate) achieved: CacheMode,
}

impl MappingInfo {
    /// Seconds that the mapping has been there.
    pub(crate) fn age(&self) -> u32 {
        bindings::iomrs_seconds_since(self.since)
    }
}

/// What is known of a mapping that is being made.
pub(crate) struct NewMapping {
    pub(crate) kind: MappingKind,
    pub(crate) parent: u64,
    pub(crate) phys: u64,
    pub(crate) size: u64,
    pub(crate) addr: usize,
    pub(crate) requested: CacheMode,
    pub(crate) achieved: CacheMode,
}

/// The number that the next mapping is given.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

global_lock! {
    // SAFETY: `Registration::new` does it, before anything else here.
    unsafe(uninit) static READ: Mutex<()> = ();
}

/// Whether the records have been readied.
static CALLED: AtomicBool = AtomicBool::new(false);

/// Keeps the records for as long as the module is loaded.
pub(crate) struct Registration {
    // Dropped first: it looks at the records.
    _unloads: ModuleNotifierRegistration,
    _pool: Pool,
}

struct Pool(());

impl Registration {
    /// Called when the module is loaded, before anything is mapped.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EBUSY` for any call but the first.
    pub(crate) fn new() -> Result<Self> {
        if CALLED.swap(true, Ordering::Relaxed) {
            return Err(EBUSY);
        }
        // SAFETY: Only one call gets here, and nothing is mapped yet.
        unsafe {
            READ.init();
            pool::init()?;
        }
        let _pool = Pool(());
        Ok(Self {
            _unloads: unload::register()?,
            _pool,
        })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: The module is being unloaded: nobody maps or reads any more.
        let leaked = unsafe { pool::free() };
        if leaked != 0 {
            pr_warn!("{} mappings were leaked\n", leaked);
        }
    }
}

/// A mapping that is listed, until this is dropped: before it is unmapped.
///
/// # Invariants
///
/// We have the record, and it is not hidden.
pub(crate) struct TrackedMapping(&'static Record);

// SAFETY: A record belongs to no task or CPU.
unsafe impl Send for TrackedMapping {}
// SAFETY: The facts do not change.
unsafe impl Sync for TrackedMapping {}

impl TrackedMapping {
    /// Lists a mapping that has been made, where `caller` wanted it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Context
    ///
    /// May sleep, and so may dropping it.
    #[inline(always)]
    pub(crate) fn new(new: NewMapping, caller: Option<&'static Location<'static>>) -> Result<Self> {
        let record = pool::take()?;
        // SAFETY: The record is ours, and hidden.
        let facts = unsafe { &mut *record.facts.get() };
        facts.id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        facts.parent = new.parent;
        facts.phys = new.phys;
        facts.size = new.size;
        facts.addr = new.addr;
        facts.since = bindings::now();
        facts.kind = new.kind;
        facts.requested = new.requested;
        facts.achieved = new.achieved;
        // INVARIANT: null, or in the memory of a module that is there, as it calls.
        *facts.caller.get_mut() = caller.map_or(ptr::null_mut(), |at| ptr::from_ref(at).cast_mut());
        // INVARIANT: they do not change from here on.
        record.state.store(PUBLISHED, Ordering::Release);
        new.kind.made().count();
        Ok(Self(record))
    }

    fn facts(&self) -> &MappingInfo {
        // SAFETY: By the invariants they do not change for as long as we are there.
        unsafe { &*self.0.facts.get() }
    }

    /// Lists a piece of this aperture.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new_child(
        &self,
        kind: MappingKind,
        phys: u64,
        size: u64,
        addr: usize,
    ) -> Result<Self> {
        let aperture = self.facts();
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
        withdraw(self.0);
    }
}

/// Ends what [`TrackedMapping::new`] began.
// By value, so that a guard that may have one stays in registers.
#[inline(never)]
fn withdraw(record: &'static Record) {
    // SAFETY: By the invariants of `TrackedMapping` they do not change before the record is hidden.
    let kind = unsafe { (*record.facts.get()).kind };
    kind.dropped().count();
    let state = &record.state;
    let hidden = state.compare_exchange(PUBLISHED, HIDDEN, Ordering::AcqRel, Ordering::Relaxed);
    if hidden.is_err() {
        wait_and_hide(state);
    }
    // SAFETY: `TrackedMapping` had it, and is no more.
    unsafe { pool::put(record) };
}

#[cold]
#[inline(never)]
fn wait_and_hide(state: &AtomicU32) {
    // Who reads it has the lock.
    let _read = READ.lock();
    state.store(HIDDEN, Ordering::Relaxed);
}

/// Tells of every mapping that there is, one after the other: `begin` makes a state for it, `step`
/// is called until it says that it is done, and then `end` gets the state. Between two steps
/// others may read or unmap. A mapping that has gone before it was done is left out.
///
/// # Errors
///
/// Those of `end`.
///
/// # Context
///
/// May sleep. `step` must not free a mapping.
pub(crate) fn each<S>(
    begin: impl Fn(&PinnedMapping) -> S,
    step: impl Fn(&PinnedMapping, &mut S) -> bool,
    mut end: impl FnMut(S) -> Result,
) -> Result {
    for record in pool::all() {
        let mut state = None;
        let done = loop {
            let Some(facts) = PinnedMapping::new(record) else {
                break false;
            };
            let (id, state) = state.get_or_insert_with(|| (facts.id, begin(&facts)));
            // Another mapping may have the record by now.
            if *id != facts.id {
                break false;
            }
            if step(&facts, state) {
                break true;
            }
        };
        if let (true, Some((_, state))) = (done, state) {
            end(state)?;
        }
    }
    Ok(())
}

/// The facts of a mapping, which is not unmapped for as long as this is there, and whose caller is
/// not forgotten.
///
/// # Invariants
///
/// The record is pinned, by us: we have the lock for that.
pub(crate) struct PinnedMapping {
    record: &'static Record,
    _read: GlobalGuard<READ>,
}

impl PinnedMapping {
    fn new(record: &'static Record) -> Option<Self> {
        if record.state.load(Ordering::Relaxed) == HIDDEN {
            return None;
        }
        let _read = READ.lock();
        let pinned =
            record
                .state
                .compare_exchange(PUBLISHED, PINNED, Ordering::Acquire, Ordering::Relaxed);
        // INVARIANT: pinned just now.
        pinned.is_ok().then(|| Self { record, _read })
    }

    /// Where the caller called, if its module is still there.
    pub(crate) fn caller(&self) -> Option<&Location<'_>> {
        // SAFETY: Null, or by the invariant valid until it is forgotten: not while we have the lock.
        unsafe { self.caller.load(Ordering::Relaxed).as_ref() }
    }
}

impl Deref for PinnedMapping {
    type Target = MappingInfo;

    fn deref(&self) -> &MappingInfo {
        // SAFETY: By the invariant the record is not hidden, so that they do not change.
        unsafe { &*self.record.facts.get() }
    }
}

impl Drop for PinnedMapping {
    fn drop(&mut self) {
        // Whoever wants to hide it waits for the lock.
        self.record.state.store(PUBLISHED, Ordering::Release);
    }
}
