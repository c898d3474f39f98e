// SPDX-License-Identifier: GPL-2.0

//! Groups of slots: 64 pages of address space, and the bitmap that says which of them are in use.

use crate::io_mapping::sparse::window::SlotAddr;
use crate::mm::page_table::{self, RawEntry};
use crate::mm::phys_range::{PAGE_SHIFT, PAGE_SIZE};
use crate::mm::slots::{DirtySlots, MAX_SLOTS};
use crate::tracking::counters::Counter;
use core::num::NonZero;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};
use kernel::prelude::*;

/// The bytes of address space of a group.
// CAST: 64 pages.
pub(super) const GROUP_SIZE: usize = MAX_SLOTS as usize * PAGE_SIZE as usize;

/// How a slot that is given back becomes clean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cleaning {
    /// By a flush on all CPUs, as any of them may have used the slot.
    AllCpus,
    /// By invalidating its page on its CPU, at once.
    Page,
    /// By a flush of its CPU, which may have translations that were made in other address spaces.
    ThisCpu,
}

/// 64 slots, each with a page of address space.
///
/// # Invariants
///
/// - `addr` is the address of as many pages as there are slots, a page for each in order. `entries`
///   points to their page-table entries, which follow each other.
/// - Only the holder of a slot writes its entry. The entry of a slot that nobody holds is clear.
/// - A slot that is free is clean: no CPU on which it may be used has a translation of its page.
// Aligned so that `PackedSlot` can use the low bits of its address, and so that groups do not share
// cache lines.
#[repr(align(128))]
pub(super) struct Group {
    pub(super) slots: DirtySlots,
    pub(super) cleaning: Cleaning,
    /// Counts the slots that are given back.
    pub(super) unmaps: Counter,
    /// Slots that are being cleaned, while their translations are flushed on all CPUs.
    being_cleaned: AtomicU64,
    entries: *mut RawEntry,
    addr: usize,
}

impl Group {
    /// Makes the group of the [`GROUP_SIZE`] bytes from `addr` on. They are an area's that nobody
    /// else uses, whose entries are clear and never were present.
    ///
    /// # Errors
    ///
    /// `ENOMEM` where the entries are not in one table.
    pub(super) fn new(addr: usize, cleaning: Cleaning) -> Result<Self> {
        let entries = page_table::small_entry(addr).ok_or(ENOMEM)?.as_ptr();
        let last = addr.wrapping_add(GROUP_SIZE - PAGE_SIZE as usize);
        let last = page_table::small_entry(last).ok_or(ENOMEM)?.as_ptr();
        if last != entries.wrapping_add(MAX_SLOTS as usize - 1) {
            return Err(ENOMEM);
        }
        // INVARIANT: The first and the last entry are in one table, and so are those between. They
        // never were present, so that no TLB has a translation. All slots are free.
        Ok(Self {
            slots: DirtySlots::new(MAX_SLOTS),
            cleaning,
            unmaps: match cleaning {
                Cleaning::AllCpus => Counter::SlotLocalUnmaps,
                Cleaning::Page | Cleaning::ThisCpu => Counter::SlotAtomicUnmaps,
            },
            being_cleaned: AtomicU64::new(0),
            entries,
            addr,
        })
    }

    #[inline(always)]
    fn entry_ptr(&self, index: u32) -> *mut RawEntry {
        self.entries.wrapping_add(index as usize)
    }

    #[inline(always)]
    pub(super) fn page_addr(&self, index: u32) -> usize {
        self.addr.wrapping_add((index as usize) << PAGE_SHIFT)
    }

    /// Maps the page of slot `index`, which the caller has taken.
    ///
    /// # Safety
    ///
    /// The caller holds the slot. `entry` is of a `Protection`, for a page of a device.
    #[inline(always)]
    pub(super) unsafe fn map(&'static self, index: u32, entry: RawEntry) -> SlotAddr {
        // SAFETY: By the invariants of `Group` the entry is one of the window's area. It belongs to
        // the holder of the slot, which our caller is.
        unsafe { page_table::set_entry(self.entry_ptr(index), entry) };
        page_table::finish_entries();
        // INVARIANT: The page stays mapped until the slot is given back, and the number is that of
        // the slot.
        SlotAddr {
            addr: self.page_addr(index),
            slot: NonZero::new(PackedSlot::new(self, index).0),
        }
    }

    /// Clears the entry of slot `index`. CPUs may keep translations of its page.
    ///
    /// # Safety
    ///
    /// The caller holds the slot, and nobody uses the page any more.
    #[inline(always)]
    pub(super) unsafe fn clear(&self, index: u32) {
        // SAFETY: By the invariants of `Group` the entry is one of the window's area. It belongs to
        // the holder of the slot, which our caller is.
        unsafe { page_table::set_entry(self.entry_ptr(index), 0) };
    }

    /// Begins to clean the slots that are dirty now. One task at a time does so: until it has called
    /// [`end_cleaning`](Self::end_cleaning).
    pub(super) fn begin_cleaning(&self) {
        self.being_cleaned
            .store(self.slots.take_dirty(), Ordering::Relaxed);
    }

    /// Frees the slots that were dirty at [`begin_cleaning`](Self::begin_cleaning). All their
    /// translations have been flushed since.
    pub(super) fn end_cleaning(&self) {
        // INVARIANT: They are clean, as our caller has flushed the translations.
        self.slots
            .put_all_clean(self.being_cleaned.swap(0, Ordering::Relaxed));
    }

    /// Returns how many slots somebody has.
    pub(super) fn in_use(&self) -> u32 {
        let being_cleaned = self.being_cleaned.load(Ordering::Relaxed);
        self.slots.held().saturating_sub(being_cleaned.count_ones())
    }
}

/// A slot that is in use, as one number: the address of its [`Group`], and in the low bits the
/// slot's index.
///
/// # Invariants
///
/// The number is the exposed address of a [`Group`] of the window, plus the bits below its alignment.
#[derive(Clone, Copy)]
pub(super) struct PackedSlot(usize);

impl PackedSlot {
    /// The bits of the index.
    const INDEX: usize = MAX_SLOTS as usize - 1;

    #[inline(always)]
    fn new(group: &'static Group, index: u32) -> Self {
        // INVARIANT: An index is less than `MAX_SLOTS`, so that its bits are below the alignment.
        Self(ptr::from_ref(group).expose_provenance() | index as usize)
    }

    /// # Safety
    ///
    /// `slot` is the number of a slot of the window that is in use.
    #[inline(always)]
    pub(super) unsafe fn from_raw(slot: NonZero<usize>) -> Self {
        // INVARIANT: Our caller guarantees that `new` has made the number.
        Self(slot.get())
    }

    /// Returns the slot's group.
    ///
    /// # Safety
    ///
    /// The slot is in use.
    #[inline(always)]
    pub(super) unsafe fn group(self) -> &'static Group {
        let group = ptr::with_exposed_provenance(self.0 & !Self::INDEX);
        // SAFETY: By the invariants of `PackedSlot` it points to a group of the window. That is there
        // until the module is unloaded, which the holder of a slot prevents.
        unsafe { &*group }
    }

    #[inline(always)]
    pub(super) fn index(self) -> u32 {
        // CAST: Less than 64.
        (self.0 & Self::INDEX) as u32
    }
}
