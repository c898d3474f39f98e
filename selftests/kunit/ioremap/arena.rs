// SPDX-License-Identifier: GPL-2.0

//! The arena: how it grows, and how it ends. The tests named `arena_max` run again with a
//! small one, and those named `arena_idle` with units that are freed after a moment.

use crate::{
    c,
    support::{
        contexts::*, devices::ivshmem_bar, faults::*, mappings::*, outcome::*, proc_files::*,
        ranges::*, translation::phys_at,
    },
};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use io_mapping_rs::{ioremap::Options, Mapping, Strategy};
use kernel::{
    prelude::*,
    time::{Delta, Instant, Monotonic},
};

/// Says whether mappings come from the arena.
fn arena() -> Available {
    if !from_arena() {
        return Err(c"address space comes from get_vm_area_caller()");
    }
    Ok(())
}

/// The milliseconds after which unused units are freed, in the run for tests of that.
const IDLE: u32 = 10;

/// Says whether unused units are freed after a moment.
pub(super) fn frees_soon() -> Available {
    arena()?;
    if crate::module_parameters::arena_idle.value() != IDLE {
        return Err(c"arena_idle=10 is not given");
    }
    two_cpus()
}

/// Waits until there are at most `units` units. Fails the test where that takes more than a minute.
///
/// No CPU sleeps meanwhile: none would be woken to free units.
pub(super) fn wait_for_units(units: usize) -> Outcome {
    let (done, found) = (AtomicBool::new(false), AtomicU32::new(u32::MAX));
    let begin = Instant::<Monotonic>::now();
    on_cpus(c::iomrs_c_num_online_cpus(), &|cpu| {
        while !done.load(Ordering::Acquire) {
            if cpu == 0 {
                let now = count_units().unwrap_or(usize::MAX);
                found.store(now as u32, Ordering::Relaxed);
                let is_over = now <= units || begin.elapsed() > Delta::from_secs(60);
                done.store(is_over, Ordering::Release);
            }
            c::iomrs_c_schedule();
        }
    })?;
    check!(found.into_inner() as usize <= units);
    Ok(())
}

/// Whether both ends of a mapping are mapped to the physical addresses from `phys` on.
fn maps(ours: &Mapping, phys: u64) -> bool {
    let last = ours.size() - 1;
    phys_at(ours.addr()) == Some(phys) && phys_at(ours.addr() + last) == Some(phys + last as u64)
}

#[kunit_tests(iomrs_arena)]
mod tests {
    use super::*;

    #[test]
    fn s29_each_allocation_of_growth() -> Outcome {
        require!(arena());
        let (faults, bar) = (require!(FaultInjection::begin()), require!(ivshmem_bar(2)));
        // More than half of the largest unit that is made for smaller mappings: two do not fit.
        let size = 5 * PAGE_1G / 8;
        // What other tests have left is used up first. The last of these is in a unit of its own.
        let mut held = KVec::new();
        let mut units = count_units()?;
        loop {
            check_ok!(held.push(check_ok!(map(WC, bar.phys, size)), GFP_KERNEL));
            let now = count_units()?;
            if now > units {
                break;
            }
            units = now;
        }
        let mut tried = 0;
        // Each of the first allocations, then some of those of 512 tables. Later ones fail, too: else a
        // unit is made for smaller pages.
        let mut n = 1;
        let second = loop {
            let (state, units) = (KernelState::now()?, count_units()?);
            let (result, left) = faults.run(Fail::From(n), || map(WC, bar.phys, size));
            match result {
                Ok(second) if left != 0 => break second,
                Ok(_) => fail!("made without allocation {n} and all later ones"),
                Err(err) => {
                    check_eq!(err, ENOMEM);
                    check_eq!(KernelState::now()?, state);
                    // Units that nobody uses are freed where memory is short.
                    check!(count_units()? <= units);
                    tried += 1;
                }
            }
            n += 1 + n / 16 * 8;
            check!(n < 10_000);
        };
        drop(faults);
        note(fmt!("allocations made to fail: {tried}"));
        check!(tried >= 4);
        drop((held, second));
        Ok(())
    }

    #[test]
    fn s29_arena_max_is_enomem_and_passes() -> Outcome {
        require!(arena());
        if crate::module_parameters::arena_max.value() != 128 {
            return skip(c"arena_max=128 is not given");
        }
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        for size in [PAGE, 17 * PAGE, 1 << 20, PAGE_2M, 5 * PAGE_2M + PAGE] {
            let mut kept = KVVec::new();
            let err = loop {
                let offset = kept.len() as u64 % 8 * PAGE;
                match map(WC, range.phys + offset, size) {
                    Ok(ours) => check_ok!(kept.push(ours, GFP_KERNEL)),
                    Err(err) => break err,
                }
            };
            check_eq!(err, ENOMEM);
            // With a guard page, and aligned for large pages.
            let most = (128 << 20) / (size + PAGE);
            check!(kept.len() as u64 >= most / 4 && kept.len() as u64 <= most);
            // Each second, and what was between.
            for phase in [0, 1] {
                let mut index = 0;
                kept.retain(|_| {
                    index += 1;
                    phase == 1 || index % 2 == 0
                });
                check_ok!(map(WC, range.phys, size));
            }
            drop(kept);
            check_eq!(KernelState::now()?, before);
        }
        // Nothing is left in pieces.
        drop(check_ok!(map(WC, range.phys, 60 << 20)));
        Ok(())
    }

    #[test]
    fn s29_arena_max_makes_auto_sparse() -> Outcome {
        require!(arena());
        if crate::module_parameters::arena_max.value() != 128 {
            return skip(c"arena_max=128 is not given");
        }
        let (bar, options) = (require!(ivshmem_bar(2)), Options::new(WC));
        let large = check_ok!(aperture_with(options, bar.phys, PAGE_1G, Strategy::Auto));
        check_eq!(large.strategy(), Strategy::Sparse);
        check_err!(
            aperture_with(options, bar.phys, PAGE_1G, Strategy::Whole),
            ENOMEM
        );
        let small = check_ok!(aperture_with(options, bar.phys, 16 << 20, Strategy::Auto));
        check_eq!(small.strategy(), Strategy::Whole);
        Ok(())
    }

    #[test]
    fn arena_idle_frees_what_nobody_uses() -> Outcome {
        require!(frees_soon());
        let bar = require!(ivshmem_bar(2));
        // What other tests have left goes first; the window's slots keep a unit.
        wait_for_units(1)?;
        let (before, size) = (KernelState::now()?, 5 * PAGE_1G / 8);
        let first = check_ok!(map(WC, bar.phys, size));
        check_eq!(count_units()?, 2);
        for round in 0..3 {
            let phys = bar.phys + round * PAGE_2M;
            drop(check_ok!(map(WC, phys, size)));
            wait_for_units(2)?;
            // What is in use stays.
            check_eq!(count_units()?, 2);
            check!(maps(&first, bar.phys));
        }
        drop(first);
        wait_for_units(1)?;
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn arena_idle_while_two_cpus_map() -> Outcome {
        require!(frees_soon());
        let bar = require!(ivshmem_bar(2));
        let (before, log) = (KernelState::now()?, c::iomrs_c_log_position());
        // More than half of the first unit.
        let (size, wrong) = (40 << 20, AtomicU32::new(0));
        on_two_cpus(&|cpu| {
            for round in 0..40 {
                let phys = bar.phys + (round % 8 + 8 * cpu as u64) * PAGE_2M;
                let all_right = map(WC, phys, size).is_ok_and(|first| {
                    let second = map(WC, phys + PAGE, size);
                    let second_is_right = second.is_ok_and(|second| maps(&second, phys + PAGE));
                    second_is_right && maps(&first, phys)
                });
                wrong.fetch_add(u32::from(!all_right), Ordering::Relaxed);
                // Sometimes as long as it takes to free them all.
                let begin = Instant::<Monotonic>::now();
                let pause = Delta::from_millis(i64::from(IDLE) * (round % 4) as i64);
                while begin.elapsed() < pause {
                    c::iomrs_c_schedule();
                }
            }
        })?;
        check_eq!(wrong.into_inner(), 0);
        check_eq!(KernelState::now()?, before);
        check_eq!(c::iomrs_c_count_complaints(log), 0);
        Ok(())
    }
}
