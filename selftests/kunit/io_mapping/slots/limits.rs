// SPDX-License-Identifier: GPL-2.0

//! How many slots there are, for whom.

use super::*;
use crate::support::contexts::Context;
use io_mapping_rs::window::exhausted;

/// Calls `f` while pages `depth` to 7 are mapped, each by the map of the one before.
fn nested<R>(outer: &LocalMap<'_>, depth: u64, f: &mut dyn FnMut(u64) -> R) -> Result<R> {
    if depth == 8 {
        return Ok(f(depth));
    }
    let inner = outer.map_local(depth * PAGE)?;
    let result = nested(&inner, depth + 1, f)?;
    // The maps nested in this one have ended. This one has not.
    if shows_page(&inner, depth) && shows_page(outer, depth - 1) {
        Ok(result)
    } else {
        Err(EIO)
    }
}

#[kunit_tests(iomrs_slot_limits)]
mod tests {
    use super::*;

    #[test]
    fn s10_out_of_slots_is_eagain_in_every_context() -> Outcome {
        let aperture = require!(marked_aperture()?);
        let mut room = Room::new()?;
        for context in Context::ALL {
            // Twice: the slots can be used again.
            for _ in 0..2 {
                let before = exhausted();
                let Some(found) = context.run(|| exhaust_in(&mut room, &aperture, 0)) else {
                    fail!("it did not run in {:?}", context)
                };
                if context == Context::Task {
                    check_slots(&found, 0)?;
                } else {
                    check_slots_of_interrupt(&found, 0)?;
                }
                // A local map was refused, and perhaps an atomic one.
                check_eq!(exhausted(), before + 1 + u64::from(!found.atomic));
            }
        }
        // None has been lost.
        check_slots(&exhaust(&aperture, 0)?, 0)
    }

    #[test]
    fn s10_out_of_slots_while_a_task_holds_some() -> Outcome {
        let aperture = require!(marked_aperture()?);
        let mut room = Room::new()?;
        for context in Context::ALL {
            let held = [0, 1, 2, 3].map(|page| aperture.map_local(page * PAGE));
            let Some(found) = context.run(|| exhaust_in(&mut room, &aperture, 4)) else {
                fail!("it did not run in {:?}", context)
            };
            // The kernel's slots are the task's, and a soft interrupt may run in another task.
            let other_task = WINDOW == "kmap" && context == Context::SoftInterrupt;
            let used = if other_task && is_all_slots(found.slots) {
                0
            } else {
                4
            };
            if context == Context::Task {
                check_slots(&found, used)?;
            } else {
                check_slots_of_interrupt(&found, used)?;
            }
            for (page, map) in (0..).zip(&held) {
                check!(map.as_ref().is_ok_and(|map| shows_page(map, page)));
            }
        }
        Ok(())
    }

    #[test]
    fn s10_atomic_maps_have_slots_when_tasks_hold_all_others() -> Outcome {
        let aperture = require!(marked_aperture()?);
        let mut held = KVec::new();
        while let Ok(map) = aperture.map_local(0) {
            check_ok!(held.push(map, GFP_KERNEL));
        }
        // Every slot is held by a task that sleeps.
        c::iomrs_c_msleep(1);
        check_err!(aperture.map_local(0), EAGAIN);
        let before = side_effects();
        let nested = nest_atomic(&aperture, 0);
        check_eq!(side_effects(), before);
        let expected = if WINDOW == "percpu" { ATOMIC_SLOTS } else { 0 };
        check_eq!(nested, Some(expected));
        for context in [Context::SoftInterrupt, Context::HardInterrupt] {
            let mapped = context.run(|| aperture.map_local(PAGE).map(|map| shows_page(&map, 1)));
            if WINDOW == "percpu" {
                check_eq!(mapped, Some(Ok(true)));
            }
        }
        drop(held);
        check_slots(&exhaust(&aperture, 0)?, 0)
    }

    #[test]
    fn s10_nesting_eight_deep() -> Outcome {
        let aperture = require!(marked_aperture()?);
        let outer = check_ok!(aperture.map_local(0));
        check_eq!(nested(&outer, 1, &mut |depth| depth), Ok(8));
        check_err!(outer.map_local(PAGES * PAGE), EINVAL);
        check_err!(outer.map_local(1), EINVAL);
        check!(shows_page(&outer, 0));
        Ok(())
    }

    #[test]
    fn s10_closure_frees_its_slot() -> Outcome {
        let aperture = require!(marked_aperture()?);
        for page in 0..PAGES {
            check_eq!(
                aperture.with_local(page * PAGE, |map| shows_page(map, page)),
                Ok(true)
            );
        }
        check_err!(aperture.with_local(1, |_| ()), EINVAL);
        check_err!(aperture.with_local(PAGES * PAGE, |_| ()), EINVAL);
        check_slots(&exhaust(&aperture, 0)?, 0)
    }
}
