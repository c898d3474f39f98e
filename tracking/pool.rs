// SPDX-License-Identifier: GPL-2.0

//! Where records are kept: 63 in a page of memory, each taken by a bit. Pages are kept until the
//! module is unloaded, so that a record may be looked at whether somebody has it or not.

use super::MappingInfo;
use crate::mm::slots::{Slots, MAX_SLOTS};
use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use kernel::{
    alloc::flags::{__GFP_NOWARN, __GFP_ZERO},
    prelude::*,
    sync::global_lock,
};

/// The record is free, or being made or unmade by who has taken it.
pub(super) const HIDDEN: u32 = 0;
/// The record may be read by who pins it.
pub(super) const PUBLISHED: u32 = 1;
/// It is being read.
pub(super) const PINNED: u32 = 2;

/// # Invariants
///
/// While `state` is not `HIDDEN`, `facts` do not change. While it is, they belong to who has taken
/// the record.
#[repr(C, align(64))]
pub(super) struct Record {
    pub(super) state: AtomicU32,
    pub(super) facts: UnsafeCell<MappingInfo>,
}

/// Records in a page, which has one less for what else is in it.
const RECORDS: usize = 63;
/// Slots that have no record.
const ABSENT: u32 = MAX_SLOTS - RECORDS as u32;
/// Full pages that are looked at before there is one more.
const PATIENCE: usize = 64;

/// # Invariants
///
/// Whoever has taken slot N of `taken` has record N. `next` is null or a page, and stays.
#[repr(C, align(4096))]
struct Page {
    taken: Slots,
    next: AtomicPtr<Page>,
    records: [Record; RECORDS],
}

const PAGE: usize = size_of::<Page>();
const _: () = assert!(PAGE == 4096 && size_of::<Record>() == 64);

/// The page that was made last, from which all others follow.
static FIRST: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());
/// A page that is likely to have a free record.
static HINT: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());

global_lock! {
    // SAFETY: `init` does it, before anything else here.
    unsafe(uninit) static GROW: Mutex<()> = ();
}

/// Readies the pool, with a page of records.
///
/// # Errors
///
/// `ENOMEM`.
///
/// # Safety
///
/// Called once, before anything else here.
pub(super) unsafe fn init() -> Result {
    // SAFETY: As required of our caller.
    unsafe { GROW.init() };
    grow()?;
    Ok(())
}

/// Frees all pages, and says how many records were still taken.
///
/// # Safety
///
/// Nobody uses a record any more, or will.
pub(super) unsafe fn free() -> u32 {
    HINT.store(ptr::null_mut(), Ordering::Relaxed);
    let mut page = FIRST.swap(ptr::null_mut(), Ordering::Acquire);
    let mut taken = 0;
    while let Some(this) = NonNull::new(page) {
        // SAFETY: `grow` has made it from a box, and by the caller's promise it is ours alone.
        let this = unsafe { KBox::from_raw(this.as_ptr()) };
        taken += this.taken.taken() - ABSENT;
        page = this.next.load(Ordering::Relaxed);
    }
    taken
}

/// The page that one of our pointers points to.
#[inline(always)]
fn page(at: &AtomicPtr<Page>) -> Option<&'static Page> {
    // SAFETY: Null, or a page that lives until `free`, after which nobody calls us.
    unsafe { at.load(Ordering::Acquire).as_ref() }
}

impl Page {
    #[inline(always)]
    fn take(&'static self) -> Option<&'static Record> {
        let index = self.taken.take()?;
        self.records.get(index as usize)
    }

    /// Says that there are free records here.
    #[inline(always)]
    fn hint(&'static self) {
        HINT.store(ptr::from_ref(self).cast_mut(), Ordering::Release);
    }
}

/// Takes a record, hidden, which nobody else has until it is [`put`] back.
///
/// # Errors
///
/// `ENOMEM`.
///
/// # Context
///
/// May sleep.
#[inline(always)]
pub(super) fn take() -> Result<&'static Record> {
    match page(&HINT).and_then(Page::take) {
        Some(record) => Ok(record),
        None => take_slowly(),
    }
}

#[cold]
#[inline(never)]
fn take_slowly() -> Result<&'static Record> {
    let _grow = GROW.lock();
    // From the page at hand on, and then from the first.
    let mut next = page(&HINT);
    for _ in 0..PATIENCE {
        let Some(this) = next.or_else(|| page(&FIRST)) else {
            break;
        };
        if let Some(record) = this.take() {
            this.hint();
            return Ok(record);
        }
        next = page(&this.next);
    }
    let new = grow()?;
    let record = new.take().ok_or(ENOMEM);
    new.hint();
    record
}

/// Adds a page, of which all records are free.
fn grow() -> Result<&'static Page> {
    let page = KBox::<Page>::new_uninit(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN)?;
    let page = KBox::into_raw(page).cast::<Page>();
    page.expose_provenance();
    // SAFETY: It is ours.
    unsafe { (&raw mut (*page).taken).write(Slots::new(RECORDS as u32)) };
    // SAFETY: All but what has just been written may be zeroes: hidden records, whose facts are
    // numbers, enums that have a 0, and null pointers. It lives until `free`.
    let page = unsafe { &*page };
    let first = FIRST.load(Ordering::Relaxed);
    page.next.store(first, Ordering::Relaxed);
    // INVARIANT: only one task at a time grows the pool, so that no page is left out.
    FIRST.store(ptr::from_ref(page).cast_mut(), Ordering::Release);
    Ok(page)
}

/// Gives a record back, hidden.
///
/// # Safety
///
/// The caller had it by [`take`], and does not use it any more.
#[inline(always)]
pub(super) unsafe fn put(record: &'static Record) {
    let addr = ptr::from_ref(record).addr();
    // SAFETY: A record is in a page, which is aligned to its size, exposed, and lives until `free`.
    let page = unsafe { &*ptr::with_exposed_provenance::<Page>(addr & !(PAGE - 1)) };
    // The first is as far from the beginning as a record is large. CAST: less than 64.
    let index = (addr & (PAGE - 1)) / size_of::<Record>() - 1;
    page.taken.put(index as u32);
    page.hint();
}

/// Every record, whether somebody has it or not.
pub(super) fn all() -> impl Iterator<Item = &'static Record> {
    let pages = core::iter::successors(page(&FIRST), |this| page(&this.next));
    pages.flat_map(|this| this.records.iter())
}
