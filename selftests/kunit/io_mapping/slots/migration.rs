// SPDX-License-Identifier: GPL-2.0

//! Tasks that are migrated while they hold a slot, and that end without giving it back, and CPUs that go offline
//! meanwhile.

use super::*;
use crate::support::contexts::{a_cpu_to_take_offline, two_cpus, OneCpu, Thread};

/// Moves this task to another CPU of two, for as long as the value exists.
struct OnCpu;

impl OnCpu {
    fn new(cpu: u32) -> Outcome<Self> {
        // SAFETY: It is this task.
        let err = unsafe { c::iomrs_c_move_task(c::iomrs_c_current(), cpu as i32) };
        check_eq!(err, 0);
        check_eq!(c::iomrs_c_this_cpu(), cpu);
        Ok(Self)
    }
}

impl Drop for OnCpu {
    fn drop(&mut self) {
        // SAFETY: It is this task.
        unsafe { c::iomrs_c_move_task(c::iomrs_c_current(), -1) };
    }
}

/// With the backend `kmap`: a task that holds a map stays on its CPU, and is moved when the map ends.
fn is_moved_after_its_map_ends(aperture: &IoMapping) -> Outcome {
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
    Ok(())
}

/// Fails the test unless each CPU has all of its slots for atomic maps.
fn check_atomic_slots(aperture: &IoMapping) -> Outcome {
    for cpu in 0..c::iomrs_c_num_online_cpus() {
        let _here = OnCpu::new(cpu)?;
        check_eq!(nest_atomic(aperture, 0), Some(ATOMIC_SLOTS));
    }
    Ok(())
}

#[kunit_tests(iomrs_slot_migration)]
mod tests {
    use super::*;

    #[test]
    fn s10_local_maps_leave_migration_on() -> Outcome {
        let aperture = require!(marked_aperture()?);
        let for_each = u32::from(WINDOW == "kmap");
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        let first = check_ok!(aperture.map_local(0));
        check_eq!(c::iomrs_c_migration_disabled(), for_each);
        let second = check_ok!(aperture.map_local(PAGE));
        check_eq!(c::iomrs_c_migration_disabled(), 2 * for_each);
        drop(second);
        check_eq!(c::iomrs_c_migration_disabled(), for_each);
        check_err!(aperture.map_local(1), EINVAL);
        check_eq!(c::iomrs_c_migration_disabled(), for_each);
        let second = check_ok!(aperture.map_local(PAGE));
        drop(first);
        drop(second);
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        exhaust(&aperture, 0)?;
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        Ok(())
    }

    /// In each round the task maps a page on one CPU, and uses it on both, so that both have a
    /// translation of it. There are more rounds than slots, and no slot gets the same page again.
    #[test]
    fn s10_task_is_migrated_while_it_holds_a_slot() -> Outcome {
        require!(two_cpus());
        let aperture = require!(marked_aperture()?);
        if WINDOW == "kmap" {
            return is_moved_after_its_map_ends(&aperture);
        }
        let rounds = 2 * u64::from(all_slots()) + 10;
        for round in 0..rounds {
            let page = (round + round / PAGES) % PAGES;
            let [map_on, drop_on] = if round % 2 == 0 { [0, 1] } else { [1, 0] };
            let here = OnCpu::new(map_on)?;
            let map = check_ok!(aperture.map_local(page * PAGE));
            check!(shows_page(&map, page));
            drop(here);
            let _there = OnCpu::new(drop_on)?;
            check!(shows_page(&map, page));
            drop(map);
        }
        check_slots(&exhaust(&aperture, 0)?, 0)
    }

    #[test]
    fn s11_leaked_guard_wastes_one_slot() -> Outcome {
        let aperture = require!(marked_aperture()?);
        if WINDOW == "kmap" {
            return skip(c"the kernel keeps a task with a leaked kmap_local map on its CPU");
        }
        let before = exhaust(&aperture, 0)?;
        check_slots(&before, 0)?;
        core::mem::forget(check_ok!(aperture.map_local(5 * PAGE)));
        LEAKED.fetch_add(1, Ordering::Relaxed);
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        // It does not keep its aperture either.
        drop(aperture);
        let aperture = require!(marked_aperture()?);
        for _ in 0..3 {
            check_eq!(exhaust(&aperture, 0)?.slots, before.slots - 1);
        }
        Ok(())
    }

    /// A CPU goes offline, and comes back, though a task has ended there with a map that it leaked.
    #[test]
    fn s11_leaked_guard_keeps_no_cpu_online() -> Outcome {
        require!(a_cpu_to_take_offline());
        let aperture = require!(marked_aperture()?);
        if WINDOW == "kmap" {
            return skip(c"the kernel keeps a task with a leaked kmap_local map on its CPU");
        }
        let leaked = AtomicU32::new(0);
        let leak = || {
            if let Ok(map) = aperture.map_local(0) {
                core::mem::forget(map);
                leaked.store(1, Ordering::Relaxed);
            }
        };
        drop(Thread::start(Some(1), &leak)?);
        check_eq!(leaked.into_inner(), 1);
        LEAKED.fetch_add(1, Ordering::Relaxed);
        check_eq!(c::iomrs_c_set_cpu_online(1, false), 0);
        check_eq!(c::iomrs_c_set_cpu_online(1, true), 0);
        check_slots(&exhaust(&aperture, 0)?, 0)
    }

    /// A task takes all slots on a CPU that goes then. It keeps them, and the CPU that is left can have them after
    /// it. The others have theirs when they are back.
    #[test]
    fn s48_slots_outlive_cpus_that_go() -> Outcome {
        require!(a_cpu_to_take_offline());
        let aperture = require!(marked_aperture()?);
        if WINDOW == "kmap" {
            return skip(c"a task that holds a kmap_local map keeps its CPU online");
        }
        let (last, all) = (c::iomrs_c_num_online_cpus() - 1, all_slots());
        let mut maps = check_ok!(KVec::with_capacity(all as usize, GFP_KERNEL));
        let mut room = Room::new()?;
        check_atomic_slots(&aperture)?;
        let on_last = OnCpu::new(last)?;
        for page in 0..u64::from(all) {
            let map = check_ok!(aperture.map_local(page % PAGES * PAGE));
            check_ok!(maps.push(map, GFP_KERNEL));
        }
        check_err!(aperture.map_local(0), EAGAIN);
        drop(on_last);
        let one_cpu = OneCpu::new()?;
        let shown = |(page, map): (u64, &LocalMap<'_>)| shows_page(map, page % PAGES);
        let shown = (0..).zip(&maps).filter(|&map| shown(map)).count();
        maps.clear();
        // Whoever was the last to have them, they are cleaned.
        let found = [1, 2].map(|first| exhaust_in(&mut room, &aperture, first).slots);
        one_cpu.end()?;
        check_eq!(shown, all as usize);
        check_eq!(found, [all; 2]);
        check_slots(&exhaust(&aperture, 3)?, 0)?;
        check_atomic_slots(&aperture)
    }
}
