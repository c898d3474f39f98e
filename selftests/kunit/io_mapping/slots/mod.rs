// SPDX-License-Identifier: GPL-2.0

//! Temporary maps by slots. The apertures here are sparse in every run, and have no chunks.

mod limits;
mod migration;
mod order;

use crate::{
    c,
    support::{contexts::side_effects, mappings::*, outcome::*, ranges::*},
};
use core::sync::atomic::{AtomicU32, Ordering};
use io_mapping_rs::{io_mapping::LocalMap, window::WINDOW, IoMapping};
use kernel::prelude::*;

/// Slots of a CPU for atomic maps, and for interrupts that find no other.
const ATOMIC_SLOTS: u32 = 64;
/// Pages of the aperture.
const PAGES: u64 = 128;

/// Returns what is written to a page.
fn mark(page: u64) -> u32 {
    0x1077_0000 | page as u32
}

/// Makes a sparse aperture of which each page holds its number.
fn marked_aperture() -> Outcome<Available<IoMapping>> {
    let range = match TestRange::reserved() {
        Ok(range) => range,
        Err(missing) => return Ok(Err(missing)),
    };
    let size = PAGES * PAGE;
    let in_c = CMapping::new(WC, range.phys, size)?;
    for page in 0..PAGES {
        in_c.write32((page * PAGE) as usize, mark(page));
    }
    Ok(Ok(check_ok!(sparse_aperture(range.phys, size))))
}

/// Does a map show what is written to the page?
fn shows_page(map: &LocalMap<'_>, page: u64) -> bool {
    map.try_read32(0) == Ok(mark(page))
}

/// Slots that the tests have leaked, for ever.
static LEAKED: AtomicU32 = AtomicU32::new(0);

/// Returns how many slots for local maps there are, with the backend `percpu`.
fn all_slots() -> u32 {
    // The tests begin with all CPUs online, as the library was loaded.
    let slots = crate::module_parameters::window_slots.value() * c::iomrs_c_num_online_cpus();
    slots - LEAKED.load(Ordering::Relaxed)
}

/// Is this how many slots a task has? How many the kernel has depends on its configuration.
fn is_all_slots(slots: u32) -> bool {
    if WINDOW == "percpu" {
        slots == all_slots()
    } else {
        // Four of 15 or 16 are left to others.
        slots == 11 || slots == 12
    }
}

/// What was found when every slot was taken.
#[derive(Debug, Default, PartialEq)]
struct Exhaustion {
    slots: u32,
    /// Maps that did not show their page.
    wrong_maps: u32,
    /// Maps that were refused with another error than EAGAIN.
    other_errors: u32,
    /// Whether an atomic map showed its page nevertheless.
    atomic: bool,
    /// Whether the atomic map left side effects.
    side_effects: bool,
}

/// Room for as many maps as there are slots. It is empty but while [`exhaust_in`] runs.
struct Room<'a>(KVec<LocalMap<'a>>);

// SAFETY: There is no map in it when it is sent.
unsafe impl Send for Room<'_> {}

impl Room<'_> {
    fn new() -> Outcome<Self> {
        let most = (all_slots() + ATOMIC_SLOTS + 1) as usize;
        Ok(Self(check_ok!(KVec::with_capacity(most, GFP_KERNEL))))
    }
}

/// As [`exhaust_in`], in a task.
fn exhaust(aperture: &IoMapping, first: u64) -> Outcome<Exhaustion> {
    Ok(exhaust_in(&mut Room::new()?, aperture, first))
}

/// Maps pages from `first` on until there are no more slots, checks all maps, and ends them. An
/// interrupt allocates and frees nothing, as `PREEMPT_RT` does not allow it: it is given the room.
fn exhaust_in<'a>(room: &mut Room<'a>, aperture: &'a IoMapping, first: u64) -> Exhaustion {
    let mut found = Exhaustion::default();
    let maps = &mut room.0;
    let pages = (first..).map(|page| page % PAGES);
    for page in pages.clone() {
        let map = aperture.map_local(page * PAGE);
        if let Err(err) = map.and_then(|map| maps.push_within_capacity(map).map_err(|_| ENOSPC)) {
            found.other_errors += u32::from(err != EAGAIN);
            break;
        }
        found.slots += 1;
    }
    let before = side_effects();
    let atomic = aperture.map_atomic(PAGE, |map| shows_page(map, 1));
    found.atomic = atomic == Ok(true);
    found.other_errors += u32::from(!found.atomic && atomic != Err(EAGAIN));
    found.side_effects = side_effects() != before;
    for (page, map) in pages.zip(&*maps) {
        found.wrong_maps += u32::from(!shows_page(map, page));
    }
    maps.clear();
    found
}

/// Fails the test unless a task found all slots but those `used` before, and nothing was wrong. With
/// the backend `percpu` nobody can take the slots of atomic maps away.
fn check_slots(found: &Exhaustion, used: u32) -> Outcome {
    check!(is_all_slots(found.slots + used));
    let expected = Exhaustion {
        slots: found.slots,
        atomic: WINDOW == "percpu",
        ..Exhaustion::default()
    };
    check_eq!(*found, expected);
    Ok(())
}

/// As [`check_slots`], of an interrupt. It cannot wait until slots that were in use have been cleaned,
/// and takes those of its CPU in the end.
fn check_slots_of_interrupt(found: &Exhaustion, used: u32) -> Outcome {
    if WINDOW == "kmap" {
        return check_slots(found, used);
    }
    check!((ATOMIC_SLOTS..=ATOMIC_SLOTS + all_slots() - used).contains(&found.slots));
    let expected = Exhaustion {
        slots: found.slots,
        ..Exhaustion::default()
    };
    check_eq!(*found, expected);
    Ok(())
}

/// Nests atomic maps until there are no more slots. Returns how many there were, `None` where one did
/// not show its page.
fn nest_atomic(aperture: &IoMapping, page: u64) -> Option<u32> {
    let inner = aperture.map_atomic(page % PAGES * PAGE, |map| {
        let inner = nest_atomic(aperture, page + 1)?;
        shows_page(map, page % PAGES).then_some(inner + 1)
    });
    match inner {
        Err(err) if err == EAGAIN => Some(0),
        inner => inner.ok()?,
    }
}
