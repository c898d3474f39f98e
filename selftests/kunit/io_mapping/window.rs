// SPDX-License-Identifier: GPL-2.0

//! Temporary maps by slots: in every context, in any order, until there are no more.
//!
//! All by apertures that follow the strategy Sparse and have no chunks, whatever the run says.

use crate::{
    c,
    support::{
        compare::{Page, Theirs},
        contexts::{two_cpus, Context, Thread},
        outcome::*,
        ranges::*,
    },
};
use core::sync::atomic::{AtomicU32, Ordering};
use io_mapping_rs::{
    io_mapping::LocalMap,
    ioremap::Options,
    window::{exhausted, WINDOW},
    CacheMode, IoMapping, Strategy,
};
use kernel::{io::Io, prelude::*};

const WC: CacheMode = CacheMode::WriteCombining;
/// More slots than a CPU can have.
const MANY: usize = 65;
/// Pages that a test looks at.
const PAGES: u64 = 128;

/// What stands in page `page`.
fn mark(page: u64) -> u32 {
    0x1077_0000 | page as u32
}

/// A sparse aperture whose every page holds its number.
fn marked() -> core::result::Result<IoMapping, &'static CStr> {
    let range = Range::reserved()?;
    let size = PAGES * PAGE;
    let theirs = Theirs::map(WC, range.phys, size).ok_or(c"C maps nothing")?;
    for page in 0..PAGES {
        theirs.write32((page * PAGE) as usize, mark(page));
    }
    // SAFETY: The range is that of the tests.
    let ours =
        unsafe { IoMapping::with_strategy(range.phys, size, Options::new(WC), Strategy::Sparse) };
    ours.map_err(|_| c"no sparse aperture is to be had")
}

/// Whether a map of page `page` shows what is there.
fn shows(map: &LocalMap<'_>, page: u64) -> bool {
    map.try_read32(0) == Ok(mark(page))
}

/// How many slots a context has when it has none in use: the kernel's depend on its configuration.
fn full(slots: u32) -> bool {
    if WINDOW == "percpu" {
        slots == crate::module_parameters::window_slots.value()
    } else {
        // Of 15 or 16 four are left to others.
        slots == 11 || slots == 12
    }
}

/// What came of taking every slot.
#[derive(Debug, Default, PartialEq)]
struct Exhaustion {
    slots: u32,
    /// Maps that did not show their page.
    wrong: u32,
    /// Neither a map nor EAGAIN.
    other_errors: u32,
    /// What a refused atomic map has left of its side effects.
    left_over: bool,
}

/// Takes slots from page `first` on until there are no more, looks at them all, and gives them back.
fn exhaust(aperture: &IoMapping, first: u64) -> Exhaustion {
    let mut seen = Exhaustion::default();
    let mut maps = [const { None }; MANY];
    for (page, place) in (first..).zip(&mut maps) {
        match aperture.map_local(page * PAGE) {
            Ok(map) => {
                *place = Some(map);
                seen.slots += 1;
            }
            Err(err) => {
                seen.other_errors += u32::from(err != EAGAIN);
                break;
            }
        }
    }
    let effects = || (c::iomrs_c_preempt_count(), c::iomrs_c_pagefault_disabled());
    let before = effects();
    let refused = aperture.map_atomic(0).err();
    seen.other_errors += u32::from(refused != Some(EAGAIN));
    seen.left_over = effects() != before;
    for (page, map) in (first..).zip(maps.iter().flatten()) {
        seen.wrong += u32::from(!shows(map, page));
    }
    seen
}

/// Fails the test unless all slots were had but `taken`, and nothing went wrong.
fn all_but(seen: &Exhaustion, taken: u32) -> Outcome {
    check!(full(seen.slots + taken));
    let slots = seen.slots;
    check_eq!(
        *seen,
        Exhaustion {
            slots,
            ..Exhaustion::default()
        }
    );
    Ok(())
}

/// Calls `f` with the guards of maps of pages 0 to 7, each made by the one before.
fn nested<R>(outer: &LocalMap<'_>, depth: u64, f: &mut dyn FnMut(u64) -> R) -> Result<R> {
    if depth == 8 {
        return Ok(f(depth));
    }
    let inner = outer.map_local(depth * PAGE)?;
    let result = nested(&inner, depth + 1, f)?;
    // What nested in it has ended, and this one has not.
    if shows(&inner, depth) && shows(outer, depth - 1) {
        Ok(result)
    } else {
        Err(EIO)
    }
}

#[kunit_tests(iomrs_window_slots)]
mod tests {
    use super::*;

    #[test]
    fn s10_out_of_slots_is_eagain_in_every_context() -> Outcome {
        let aperture = require!(marked());
        for context in Context::ALL {
            // Twice: they are to be had again.
            for _ in 0..2 {
                let before = exhausted();
                let Some(seen) = context.run(|| exhaust(&aperture, 0)) else {
                    fail!("not in {:?}", context)
                };
                all_but(&seen, 0)?;
                // The local map and the atomic one.
                check_eq!(exhausted(), before + 2);
            }
        }
        Ok(())
    }

    #[test]
    fn s10_out_of_slots_while_a_task_holds_some() -> Outcome {
        let aperture = require!(marked());
        for context in Context::ALL {
            let held = [0, 1, 2, 3].map(|page| aperture.map_local(page * PAGE));
            let Some(seen) = context.run(|| exhaust(&aperture, 4)) else {
                fail!("not in {:?}", context)
            };
            // Of the kernel's slots each task has its own, and a soft interrupt may be a task.
            let others = WINDOW == "kmap" && context == Context::SoftInterrupt;
            all_but(&seen, if others && full(seen.slots) { 0 } else { 4 })?;
            for (page, map) in (0..).zip(&held) {
                check!(map.as_ref().is_ok_and(|map| shows(map, page)));
            }
        }
        Ok(())
    }

    #[test]
    fn s10_nesting_eight_deep() -> Outcome {
        let aperture = require!(marked());
        let outer = check_ok!(aperture.map_local(0));
        check_eq!(nested(&outer, 1, &mut |depth| depth), Ok(8));
        check_err!(outer.map_local(PAGES * PAGE), EINVAL);
        check_err!(outer.map_local(1), EINVAL);
        check!(shows(&outer, 0));
        Ok(())
    }

    #[test]
    fn s10_closure_frees_its_slot() -> Outcome {
        let aperture = require!(marked());
        for page in 0..PAGES {
            check_eq!(
                aperture.with_local(page * PAGE, |map| shows(map, page)),
                Ok(true)
            );
        }
        check_err!(aperture.with_local(1, |_| ()), EINVAL);
        check_err!(aperture.with_local(PAGES * PAGE, |_| ()), EINVAL);
        all_but(&exhaust(&aperture, 0), 0)
    }

    #[test]
    fn s11_drops_in_every_permutation_of_four() -> Outcome {
        let aperture = require!(marked());
        for order in 0..24u64 {
            let mut maps = [0, 1, 2, 3].map(|page| aperture.map_local(page * PAGE).ok());
            let mut code = order;
            for choices in [4, 3, 2, 1] {
                let choice = (code % choices) as usize;
                code /= choices;
                let live = maps.iter_mut().filter(|map| map.is_some()).nth(choice);
                let Some(live) = live else {
                    fail!("a page is not mapped")
                };
                *live = None;
                for (page, map) in (0..).zip(&maps) {
                    check!(map.as_ref().is_none_or(|map| shows(map, page)));
                }
                // Another one in between, which may take the slot that is free.
                check!(shows(&check_ok!(aperture.map_local(9 * PAGE)), 9));
            }
        }
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        all_but(&exhaust(&aperture, 0), 0)
    }

    #[test]
    fn s11_unmapping_in_any_order_clears_the_entries() -> Outcome {
        let aperture = require!(marked());
        let maps = [0, 1, 2].map(|page| aperture.map_local(page * PAGE));
        let [Ok(first), Ok(second), Ok(third)] = maps else {
            fail!("a page is not mapped")
        };
        let addrs = [first.addr(), second.addr(), third.addr()];
        drop(second);
        drop(first);
        check!(shows(&third, 2));
        drop(third);
        for addr in addrs {
            check!(Page::at(addr).is_none());
        }
        Ok(())
    }

    #[test]
    fn s11_leaked_guard_wastes_one_slot() -> Outcome {
        let aperture = require!(marked());
        let page = check_ok!(aperture.map_local(5 * PAGE));
        // SAFETY: A guard that is leaked lives for ever. This one is taken back below, after
        // everything that it could harm; its slot is no part of the aperture.
        let leaked = unsafe { core::mem::transmute::<LocalMap<'_>, LocalMap<'static>>(page) };
        drop(aperture);
        let aperture = require!(marked());
        for _ in 0..3 {
            all_but(&exhaust(&aperture, 0), 1)?;
        }
        check!(shows(&leaked, 5));
        // The task stays where the slot is.
        check!(c::iomrs_c_migration_disabled() > 0);
        drop(leaked);
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        all_but(&exhaust(&aperture, 0), 0)
    }

    #[test]
    fn s11_interrupts_map_while_a_task_holds_maps() -> Outcome {
        let aperture = require!(marked());
        for context in [Context::SoftInterrupt, Context::HardInterrupt] {
            let held = [0, 1, 2, 3].map(|page| aperture.map_local(page * PAGE).ok());
            let [first, second, ..] = held;
            let interrupt = || {
                let maps = [4, 5, 6, 7].map(|page| aperture.map_local(page * PAGE).ok());
                let right = |(page, map): (u64, &Option<LocalMap<'_>>)| {
                    map.as_ref().is_some_and(|map| shows(map, page))
                };
                let all = (4..).zip(&maps).all(right);
                // In the order in which they were made.
                let [fourth, fifth, ..] = maps;
                drop(fourth);
                let left = fifth.is_some_and(|map| shows(&map, 5));
                let atomic = aperture.map_atomic(8 * PAGE);
                all && left && atomic.is_ok_and(|map| shows(&map, 8))
            };
            check_eq!(context.run(interrupt), Some(true));
            check!(first.is_some_and(|map| shows(&map, 0)));
            check_eq!(context.run(interrupt), Some(true));
            check!(second.is_some_and(|map| shows(&map, 1)));
        }
        Ok(())
    }

    #[test]
    fn s10_migration_is_off_while_a_slot_is_held() -> Outcome {
        let aperture = require!(marked());
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        let first = check_ok!(aperture.map_local(0));
        check_eq!(c::iomrs_c_migration_disabled(), 1);
        let second = check_ok!(aperture.map_local(PAGE));
        check_eq!(c::iomrs_c_migration_disabled(), 2);
        drop(second);
        check_eq!(c::iomrs_c_migration_disabled(), 1);
        check_err!(aperture.map_local(1), EINVAL);
        check_eq!(c::iomrs_c_migration_disabled(), 1);
        // The other order: of the kernel's slots the first is in use until the second is not.
        let second = check_ok!(aperture.map_local(PAGE));
        drop(first);
        check!(c::iomrs_c_migration_disabled() > 0);
        drop(second);
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        exhaust(&aperture, 0);
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        Ok(())
    }

    #[test]
    fn s10_task_is_migrated_after_its_map_ends() -> Outcome {
        require!(two_cpus());
        let aperture = require!(marked());
        let task = c::iomrs_c_current() as usize;
        let (moved, map) = (AtomicU32::new(2), check_ok!(aperture.map_local(7 * PAGE)));
        let here = c::iomrs_c_this_cpu();
        let other = 1 - here;
        let mover = || {
            // SAFETY: The task waits for us before it ends.
            let result = unsafe { c::iomrs_c_move_task(task as *mut _, other as i32) };
            moved.store((result != 0).into(), Ordering::Release);
        };
        let thread = Thread::start(None, &mover)?;
        for _ in 0..20 {
            c::iomrs_c_msleep(1);
            check_eq!(c::iomrs_c_this_cpu(), here);
            check!(shows(&map, 7));
        }
        let waited = moved.load(Ordering::Acquire);
        drop(map);
        drop(thread);
        let then = (moved.load(Ordering::Acquire), c::iomrs_c_this_cpu());
        // SAFETY: It is this task.
        unsafe { c::iomrs_c_move_task(c::iomrs_c_current(), -1) };
        check_eq!(waited, 2);
        check_eq!(then, (0, other));
        all_but(&exhaust(&aperture, 0), 0)
    }

    #[test]
    fn s11_preempted_task_keeps_its_slot() -> Outcome {
        let aperture = require!(marked());
        let wrong = AtomicU32::new(0);
        let ready = AtomicU32::new(0);
        let hold = |pages: [u64; 4]| {
            let maps = pages.map(|page| aperture.map_local(page * PAGE).ok());
            ready.fetch_add(1, Ordering::Relaxed);
            for round in 0..2000 {
                for (page, map) in pages.iter().zip(&maps) {
                    let right = map.as_ref().is_some_and(|map| shows(map, *page));
                    wrong.fetch_add((!right).into(), Ordering::Relaxed);
                }
                // Both are there from beginning to end.
                while ready.load(Ordering::Relaxed) < 2 || round % 8 == 0 {
                    c::iomrs_c_schedule();
                    if ready.load(Ordering::Relaxed) >= 2 {
                        break;
                    }
                }
            }
        };
        let (one, two) = (|| hold([10, 11, 12, 13]), || hold([20, 21, 22, 23]));
        let first = Thread::start(Some(0), &one)?;
        let second = Thread::start(Some(0), &two)?;
        drop((first, second));
        check_eq!(wrong.into_inner(), 0);
        Ok(())
    }
}
