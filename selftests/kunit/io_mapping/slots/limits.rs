// SPDX-License-Identifier: GPL-2.0

//! How many slots there are, and that a task that holds one stays on its CPU.

use super::*;
use crate::{
    c,
    support::contexts::{two_cpus, Context, Thread},
};
use core::sync::atomic::{AtomicU32, Ordering};
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
        for context in Context::ALL {
            // Twice: the slots can be used again.
            for _ in 0..2 {
                let before = exhausted();
                let Some(found) = context.run(|| exhaust(&aperture, 0)) else {
                    fail!("it did not run in {:?}", context)
                };
                check_slots(&found, 0)?;
                // A local map was refused, and an atomic one.
                check_eq!(exhausted(), before + 2);
            }
        }
        Ok(())
    }

    #[test]
    fn s10_out_of_slots_while_a_task_holds_some() -> Outcome {
        let aperture = require!(marked_aperture()?);
        for context in Context::ALL {
            let held = [0, 1, 2, 3].map(|page| aperture.map_local(page * PAGE));
            let Some(found) = context.run(|| exhaust(&aperture, 4)) else {
                fail!("it did not run in {:?}", context)
            };
            // The kernel's slots are the task's, and a soft interrupt may run in another task.
            let other_task = WINDOW == "kmap" && context == Context::SoftInterrupt;
            let used = if other_task && is_all_slots(found.slots) {
                0
            } else {
                4
            };
            check_slots(&found, used)?;
            for (page, map) in (0..).zip(&held) {
                check!(map.as_ref().is_ok_and(|map| shows_page(map, page)));
            }
        }
        Ok(())
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
        check_slots(&exhaust(&aperture, 0), 0)
    }

    #[test]
    fn s10_migration_is_off_while_a_slot_is_held() -> Outcome {
        let aperture = require!(marked_aperture()?);
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        let first = check_ok!(aperture.map_local(0));
        check_eq!(c::iomrs_c_migration_disabled(), 1);
        let second = check_ok!(aperture.map_local(PAGE));
        check_eq!(c::iomrs_c_migration_disabled(), 2);
        drop(second);
        check_eq!(c::iomrs_c_migration_disabled(), 1);
        check_err!(aperture.map_local(1), EINVAL);
        check_eq!(c::iomrs_c_migration_disabled(), 1);
        // In the other order the kernel keeps the first slot until the second is free.
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
        let aperture = require!(marked_aperture()?);
        let task = c::iomrs_c_current() as usize;
        // 2 until the call that moves the task has returned.
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
            check!(shows_page(&map, 7));
        }
        let while_mapped = moved.load(Ordering::Acquire);
        drop(map);
        drop(thread);
        let after = (moved.load(Ordering::Acquire), c::iomrs_c_this_cpu());
        // SAFETY: It is this task.
        unsafe { c::iomrs_c_move_task(c::iomrs_c_current(), -1) };
        check_eq!(while_mapped, 2);
        check_eq!(after, (0, other));
        check_slots(&exhaust(&aperture, 0), 0)
    }
}
