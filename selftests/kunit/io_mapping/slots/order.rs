// SPDX-License-Identifier: GPL-2.0

//! Slots are freed in any order, by tasks that are preempted and by interrupts.

use super::*;
use crate::{
    c,
    support::{
        contexts::{Context, Thread},
        translation::is_mapped,
    },
};
use core::sync::atomic::{AtomicU32, Ordering};

/// Maps four pages and drops the maps. Each of `choices` says which of those that are left is next.
fn drop_in_order(aperture: &IoMapping, choices: [usize; 4]) -> Outcome {
    let mut maps = [0, 1, 2, 3].map(|page| aperture.map_local(page * PAGE).ok());
    for choice in choices {
        let next = maps.iter_mut().filter(|map| map.is_some()).nth(choice);
        let Some(next) = next else {
            fail!("a page is not mapped")
        };
        *next = None;
        for (page, map) in (0..).zip(&maps) {
            check!(map.as_ref().is_none_or(|map| shows_page(map, page)));
        }
        // Another map in between may take the slot that is free now.
        check!(shows_page(&check_ok!(aperture.map_local(9 * PAGE)), 9));
    }
    Ok(())
}

#[kunit_tests(iomrs_slot_order)]
mod tests {
    use super::*;

    #[test]
    fn s11_drops_in_every_permutation_of_four() -> Outcome {
        let aperture = require!(marked_aperture()?);
        for first in 0..4 {
            for second in 0..3 {
                for third in 0..2 {
                    drop_in_order(&aperture, [first, second, third, 0])?;
                }
            }
        }
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        check_slots(&exhaust(&aperture, 0)?, 0)
    }

    #[test]
    fn s11_unmapping_in_any_order_clears_the_entries() -> Outcome {
        let aperture = require!(marked_aperture()?);
        let maps = [0, 1, 2].map(|page| aperture.map_local(page * PAGE));
        let [Ok(first), Ok(second), Ok(third)] = maps else {
            fail!("a page is not mapped")
        };
        let addrs = [first.addr(), second.addr(), third.addr()];
        drop(second);
        drop(first);
        check!(shows_page(&third, 2));
        drop(third);
        for addr in addrs {
            check!(!is_mapped(addr));
        }
        Ok(())
    }

    #[test]
    fn s11_interrupts_map_while_a_task_holds_maps() -> Outcome {
        let aperture = require!(marked_aperture()?);
        for context in [Context::SoftInterrupt, Context::HardInterrupt] {
            let held = [0, 1, 2, 3].map(|page| aperture.map_local(page * PAGE).ok());
            let [first, second, ..] = held;
            let interrupt = || {
                let maps = [4, 5, 6, 7].map(|page| aperture.map_local(page * PAGE).ok());
                let is_right = |(page, map): (u64, &Option<LocalMap<'_>>)| {
                    map.as_ref().is_some_and(|map| shows_page(map, page))
                };
                let all = (4..).zip(&maps).all(is_right);
                // The first ends first.
                let [first_of_four, second_of_four, ..] = maps;
                drop(first_of_four);
                let second_shows = second_of_four.is_some_and(|map| shows_page(&map, 5));
                let atomic = aperture.map_atomic(8 * PAGE, |map| shows_page(map, 8));
                all && second_shows && atomic == Ok(true)
            };
            check_eq!(context.run(interrupt), Some(true));
            check!(first.is_some_and(|map| shows_page(&map, 0)));
            check_eq!(context.run(interrupt), Some(true));
            check!(second.is_some_and(|map| shows_page(&map, 1)));
        }
        Ok(())
    }

    #[test]
    fn s11_preempted_task_keeps_its_slot() -> Outcome {
        let aperture = require!(marked_aperture()?);
        let wrong = AtomicU32::new(0);
        let ready = AtomicU32::new(0);
        let hold_maps = |pages: [u64; 4]| {
            let maps = pages.map(|page| aperture.map_local(page * PAGE).ok());
            ready.fetch_add(1, Ordering::Relaxed);
            for round in 0..2000 {
                for (page, map) in pages.iter().zip(&maps) {
                    let right = map.as_ref().is_some_and(|map| shows_page(map, *page));
                    wrong.fetch_add((!right).into(), Ordering::Relaxed);
                }
                // Neither thread goes on before both hold their maps.
                while ready.load(Ordering::Relaxed) < 2 || round % 8 == 0 {
                    c::iomrs_c_schedule();
                    if ready.load(Ordering::Relaxed) >= 2 {
                        break;
                    }
                }
            }
        };
        let (one, two) = (
            || hold_maps([10, 11, 12, 13]),
            || hold_maps([20, 21, 22, 23]),
        );
        let first = Thread::start(Some(0), &one)?;
        let second = Thread::start(Some(0), &two)?;
        drop((first, second));
        check_eq!(wrong.into_inner(), 0);
        Ok(())
    }
}
