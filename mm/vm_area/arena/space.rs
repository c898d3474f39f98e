// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Which parts of which units are free, in use or dirty.

use super::dirty::{Dirty, Flush, Limits, Part};
use super::free_pages::FreePages;
use super::{UnitUsage, Usage};
use crate::bindings::iomrs_warn;
use crate::mm::phys_range::PAGE_SHIFT;
use kernel::{alloc::KVVec, prelude::*};

/// The most units that there can be: as many as a word has bits.
pub(super) const MAX_UNITS: usize = 64;
/// How many places the queue of dirty parts has at first.
const FIRST_PLACES: usize = 512;
/// How many parts become free at once, while others wait for the lock.
const BATCH: usize = 32;

/// What is asked for: pages in a row, the first of which is, in pages, at `residue` modulo
/// `1 << align_shift`.
#[derive(Clone, Copy)]
pub(super) struct Request {
    pub(super) pages: usize,
    pub(super) align_shift: u32,
    pub(super) residue: usize,
}

/// A unit that is in use.
pub(super) struct UsedUnit {
    pub(super) addr: usize,
    pub(super) free: FreePages<KVVec<u64>>,
    /// Made for a mapping with large pages.
    pub(super) is_for_large: bool,
    /// Nobody used it when [`Space::mark_idle`] was last called, and nothing has come back to it since.
    pub(super) is_idle: bool,
}

/// What a request comes to.
pub(super) enum Taken {
    /// The pages.
    Part(Part),
    /// Nothing yet: every CPU has to be flushed first.
    AfterFlush(Flush),
    /// Nothing yet: the queue of dirty parts needs as many places.
    AfterPlaces(usize),
    /// No unit has such pages.
    NoSpace,
}

/// All units.
///
/// # Invariants
///
/// In the two words of `kinds` the bit of a unit that is there is set: in the first if it was made for small
/// pages, in the second if for large ones.
pub(super) struct Space {
    units: KVec<Option<UsedUnit>>,
    kinds: [u64; 2],
    dirty: Dirty<KVVec<u64>>,
}

impl Space {
    pub(super) fn new(limits: Limits) -> Result<Self> {
        let mut units = KVec::with_capacity(MAX_UNITS, GFP_KERNEL)?;
        for _ in 0..MAX_UNITS {
            units.push(None, GFP_KERNEL)?;
        }
        let places = KVVec::from_elem(0, FIRST_PLACES, GFP_KERNEL)?;
        // INVARIANT: There is no unit.
        Ok(Self {
            units,
            kinds: [0; 2],
            dirty: Dirty::new(places, limits),
        })
    }

    /// Takes what `request` asks for where it can be had at once, and returns its [`Part::word`]; else 0.
    #[inline(always)]
    pub(super) fn take_now(&mut self, request: Request) -> u64 {
        if self.dirty.wants_flush() || !self.dirty.reserve() {
            return 0;
        }
        let word = self.take_from_units(request);
        if word == 0 {
            self.dirty.cancel_reservation();
        }
        word
    }

    /// Takes what `request` asks for.
    pub(super) fn take(&mut self, request: Request) -> Taken {
        if self.dirty.wants_flush() {
            if let Some(flush) = self.dirty.begin_flush() {
                return Taken::AfterFlush(flush);
            }
        }
        if !self.dirty.reserve() {
            return match self.dirty.begin_flush() {
                Some(flush) => Taken::AfterFlush(flush),
                None => Taken::AfterPlaces(2 * self.dirty.capacity()),
            };
        }
        match self.take_from_units(request) {
            0 => (),
            word => return Taken::Part(Part::from_word(word)),
        }
        self.dirty.cancel_reservation();
        match self.dirty.begin_flush() {
            Some(flush) => Taken::AfterFlush(flush),
            None => Taken::NoSpace,
        }
    }

    /// Takes what `request` asks for from a unit that has it, and returns its [`Part::word`]; 0 where none has.
    #[inline(always)]
    fn take_from_units(&mut self, request: Request) -> u64 {
        // Small pages and large ones in the same unit cost a flush whenever a large page comes into the
        // place of a table.
        let [small, large] = self.kinds;
        let kinds = if request.align_shift == 0 {
            [small, large]
        } else {
            [large, small]
        };
        for mut units in kinds {
            while units != 0 {
                // CAST: The number of a bit.
                let index = units.trailing_zeros() as usize;
                let used = self.units.get_mut(index).and_then(Option::as_mut);
                if let Some(page) = used.and_then(|used| used.take(request)) {
                    let part = Part {
                        // CAST: Less than `MAX_UNITS`; pages of a unit, which are 2^20 at the most.
                        unit: index as u8,
                        first: page as u32,
                        pages: request.pages as u32,
                    };
                    return part.word();
                }
                // Without the lowest bit.
                units &= units - 1;
            }
        }
        0
    }

    /// Notes that `part`, which was taken, has been unmapped.
    #[inline(always)]
    pub(super) fn push(&mut self, part: Part) {
        let is_reserved = self.dirty.push(part);
        if !is_reserved {
            iomrs_warn();
        }
    }

    /// Begins a flush, which is to clean all that is dirty; `None` where nothing is.
    pub(super) fn begin_flush(&mut self) -> Option<Flush> {
        self.dirty.begin_flush()
    }

    /// Ends a flush of every CPU. See [`Self::free_clean`].
    pub(super) fn end_flush(&mut self, flush: Flush) {
        self.dirty.end_flush(flush);
    }

    /// Gives some of what is clean back to its units. Returns whether there may be more.
    pub(super) fn free_clean(&mut self) -> bool {
        for _ in 0..BATCH {
            let Some(part) = self.dirty.next_clean() else {
                return false;
            };
            let unit = self.units.get_mut(usize::from(part.unit));
            let unit = unit.and_then(Option::as_mut);
            // CAST: From 28 bits.
            let is_given = unit.is_some_and(|used| {
                used.is_idle = false;
                used.free
                    .give_back(part.first as usize, part.pages as usize)
            });
            if !is_given {
                iomrs_warn();
            }
        }
        true
    }

    /// Gives the queue of dirty parts more places. Returns memory that is not needed.
    pub(super) fn add_places(&mut self, places: KVVec<u64>) -> KVVec<u64> {
        self.dirty.grow(places)
    }

    /// Returns the number of a unit that can be added.
    pub(super) fn free_index(&self) -> Option<usize> {
        self.units.iter().position(Option::is_none)
    }

    /// Adds unit `index`, which is not there yet.
    pub(super) fn add(&mut self, index: usize, unit: UsedUnit) {
        if let Some(place) = self.units.get_mut(index) {
            let [small, large] = &mut self.kinds;
            let kind = if unit.is_for_large { large } else { small };
            // INVARIANT: It is there now.
            *kind |= 1 << index;
            *place = Some(unit);
        }
    }

    /// Removes a unit that is one of `which`, and returns it with its number.
    pub(super) fn remove(&mut self, which: fn(&UsedUnit) -> bool) -> Option<(usize, UsedUnit)> {
        let mut units = self.units.iter_mut().enumerate();
        let (index, unit) = units.find(|(_, unit)| unit.as_ref().is_some_and(which))?;
        // INVARIANT: It is there no more.
        self.kinds = self.kinds.map(|units| units & !(1 << index));
        Some((index, unit.take()?))
    }

    /// Begins a flush if it may be that nothing but dirty parts is in use of some unit.
    pub(super) fn begin_flush_to_shrink(&mut self) -> Option<Flush> {
        // Each entry of the queue has a guard page.
        let most = self.dirty.pages() + self.dirty.entries();
        let may_be_dirty = |used: &UsedUnit| {
            let in_use = used.free.pages() - used.free.free_pages();
            in_use != 0 && in_use <= most
        };
        let is_worth_it = self.units.iter().flatten().any(may_be_dirty);
        is_worth_it.then(|| self.dirty.begin_flush())?
    }

    /// Marks each unit that nobody uses. Returns how many units there are.
    pub(super) fn mark_idle(&mut self) -> usize {
        let mut count = 0;
        for used in self.units.iter_mut().flatten() {
            used.is_idle = used.is_unused();
            count += 1;
        }
        count
    }

    /// Returns every unit with its number.
    pub(super) fn units(&self) -> impl Iterator<Item = (usize, &UsedUnit)> {
        let units = self.units.iter().enumerate();
        units.filter_map(|(index, unit)| Some((index, unit.as_ref()?)))
    }

    /// Returns what there is, but for tables and flushes.
    pub(super) fn usage(&mut self) -> Usage {
        let mut usage = Usage {
            // Each entry of the queue has a guard page more.
            dirty: bytes(self.dirty.pages() + self.dirty.entries()),
            ..Usage::default()
        };
        for used in self.units.iter_mut().flatten() {
            let unit = used.usage();
            usage.units += 1;
            usage.reserved += unit.size;
            usage.free += unit.free;
            usage.largest_free = usage.largest_free.max(unit.largest_free);
        }
        // The last part of a unit has no guard page.
        usage.mapped = (usage.reserved - usage.free).saturating_sub(usage.dirty);
        usage
    }

    /// Returns how much of a unit is in use; `None` where there is no unit `index`.
    pub(super) fn unit_usage(&mut self, index: usize) -> Option<UnitUsage> {
        Some(self.units.get_mut(index)?.as_mut()?.usage())
    }
}

fn bytes(pages: usize) -> u64 {
    (pages as u64) << PAGE_SHIFT
}

impl UsedUnit {
    fn usage(&mut self) -> UnitUsage {
        UnitUsage {
            addr: self.addr,
            size: bytes(self.free.pages()),
            free: bytes(self.free.free_pages()),
            largest_free: bytes(self.free.largest_free()),
        }
    }

    /// Whether nothing of it is in use or dirty.
    pub(super) fn is_unused(&self) -> bool {
        self.free.is_whole()
    }

    /// Whether it has been marked, and nobody has used it since.
    pub(super) fn is_still_idle(&self) -> bool {
        self.is_idle && self.is_unused()
    }

    #[inline(always)]
    fn take(&mut self, request: Request) -> Option<usize> {
        let residue = request.residue.wrapping_sub(self.addr >> PAGE_SHIFT);
        self.free.take(request.pages, request.align_shift, residue)
    }
}
