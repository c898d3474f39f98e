// SPDX-License-Identifier: GPL-2.0

//! The pool of records: 63 in a page of memory, each taken by setting a bit. Pages are freed only
//! when the module is unloaded, so that every record can be read, whether it is taken or not.

use super::MappingInfo;
use crate::mm::slots::{Slots, MAX_SLOTS};
use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};
use core::slice;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use kernel::{
    alloc::flags::{__GFP_NOWARN, __GFP_ZERO},
    prelude::*,
    sync::global_lock,
};

/// The record is free, or it is taken, and being filled or about to be put back.
pub(super) const UNPUBLISHED: u32 = 0;
/// The record can be pinned by a reader.
pub(super) const PUBLISHED: u32 = 1;
/// A reader has pinned the record.
pub(super) const PINNED: u32 = 2;

/// The record of a mapping.
///
/// # Invariants
///
/// Unless `state` is `UNPUBLISHED`, `info` does not change. If it is, and the record is taken,
/// `info` belongs to whoever took it.
#[repr(C, align(64))]
pub(super) struct Record {
    pub(super) state: AtomicU32,
    pub(super) info: UnsafeCell<MappingInfo>,
}

/// Records in a page. The other fields of the page take the space of one more.
const RECORDS: usize = 63;
/// Slots of [`Page::taken`] that have no record.
const ABSENT: u32 = MAX_SLOTS - RECORDS as u32;
/// Full pages that are searched before a page is added.
const MAX_PAGES_SEARCHED: usize = 64;

/// A page of records, in the list of all pages.
///
/// # Invariants
///
/// Slot N of `taken` is taken if and only if record N is. `next` is null or points to a page that
/// lives until [`free`]; once set it does not change.
#[repr(C, align(4096))]
struct Page {
    taken: Slots,
    next: AtomicPtr<Page>,
    records: [Record; RECORDS],
}

const PAGE: usize = size_of::<Page>();
const _: () = assert!(PAGE == 4096 && size_of::<Record>() == 64);

/// The head of the list of all pages: the one that was added last.
static FIRST: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());
/// A page that is likely to have a free record.
static HINT: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());

global_lock! {
    // SAFETY: `init` initializes it before anything else here is used.
    unsafe(uninit) static GROW_LOCK: Mutex<()> = ();
}

/// Initializes the pool with one page.
///
/// # Errors
///
/// `ENOMEM`.
///
/// # Safety
///
/// Called once, before anything else here.
pub(super) unsafe fn init() -> Result {
    // SAFETY: As required of our caller, this is the only call, and nobody has used the lock yet.
    unsafe { GROW_LOCK.init() };
    grow()?;
    Ok(())
}

/// Frees all pages. Returns how many records were still taken.
///
/// # Safety
///
/// Nobody uses a record or the pool any more, nor will.
pub(super) unsafe fn free() -> u32 {
    HINT.store(ptr::null_mut(), Ordering::Relaxed);
    let mut page = FIRST.swap(ptr::null_mut(), Ordering::Acquire);
    let mut taken = 0;
    while let Some(this) = NonNull::new(page) {
        // SAFETY: `grow` got the pointer from `KBox::into_raw`. As required of our caller nobody
        // else uses the page, and it has just been removed from the list.
        let this = unsafe { KBox::from_raw(this.as_ptr()) };
        taken += this.taken.taken() - ABSENT;
        page = this.next.load(Ordering::Relaxed);
    }
    taken
}

/// Returns the page that `link` points to: [`FIRST`], [`HINT`] or the `next` of a page.
#[inline(always)]
fn page(link: &AtomicPtr<Page>) -> Option<&'static Page> {
    // SAFETY: Each of them is null or points to a page that lives until `free`, after which nobody
    // calls us.
    unsafe { link.load(Ordering::Acquire).as_ref() }
}

impl Page {
    /// Takes a free record of this page.
    #[inline(always)]
    fn take(&'static self) -> Option<&'static Record> {
        let index = self.taken.take()?;
        self.records.get(index as usize)
    }

    /// Notes that this page has a free record.
    #[inline(always)]
    fn hint(&'static self) {
        HINT.store(ptr::from_ref(self).cast_mut(), Ordering::Release);
    }
}

/// Takes an unpublished record, which is the caller's until it is [`put`] back.
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
        None => take_slowpath(),
    }
}

#[cold]
#[inline(never)]
fn take_slowpath() -> Result<&'static Record> {
    let _lock = GROW_LOCK.lock();
    // From the hinted page to the end of the list, then on from its head.
    let mut next = page(&HINT);
    for _ in 0..MAX_PAGES_SEARCHED {
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

/// Adds a page of free records to the list. Only called by one task at a time.
fn grow() -> Result<&'static Page> {
    let page = KBox::<Page>::new_uninit(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN)?;
    let page = KBox::into_raw(page).cast::<Page>();
    page.expose_provenance();
    // INVARIANT: No record is taken.
    // SAFETY: The memory has just been allocated for a page, and nobody else has it.
    unsafe { (&raw mut (*page).taken).write(Slots::new(RECORDS as u32)) };
    // INVARIANT: The records are unpublished, their callers null.
    // SAFETY: `taken` has just been written, and the rest is valid as zeroes: numbers, enums that
    // have a variant 0, and null pointers. The page lives until `free`.
    let page = unsafe { &*page };
    let first = FIRST.load(Ordering::Relaxed);
    page.next.store(first, Ordering::Relaxed);
    // INVARIANT: As only one task at a time gets here, no other page has been added since `first`
    // was read: none is lost.
    FIRST.store(ptr::from_ref(page).cast_mut(), Ordering::Release);
    Ok(page)
}

/// Puts an unpublished record back.
///
/// # Safety
///
/// The caller took the record by [`take`], and does not use it any more.
#[inline(always)]
pub(super) unsafe fn put(record: &'static Record) {
    let addr = ptr::from_ref(record).addr();
    // SAFETY: A record is in a page, which is aligned to its size, had its provenance exposed by
    // `grow`, and lives until `free`.
    let page = unsafe { &*ptr::with_exposed_provenance::<Page>(addr & !(PAGE - 1)) };
    // What stands before the records is as large as one of them.
    let index = (addr & (PAGE - 1)) / size_of::<Record>() - 1;
    // CAST: Less than 64.
    page.taken.put(index as u32);
    page.hint();
}

/// Every record of the pool, whether it is taken or not.
pub(super) struct Records {
    next: Option<&'static Page>,
    records: slice::Iter<'static, Record>,
}

/// Returns an iterator over every record of the pool.
pub(super) fn records() -> Records {
    Records {
        next: page(&FIRST),
        records: [].iter(),
    }
}

impl Iterator for Records {
    type Item = &'static Record;

    fn next(&mut self) -> Option<&'static Record> {
        loop {
            if let Some(record) = self.records.next() {
                return Some(record);
            }
            let page_of_records = self.next?;
            self.records = page_of_records.records.iter();
            self.next = page(&page_of_records.next);
        }
    }
}
