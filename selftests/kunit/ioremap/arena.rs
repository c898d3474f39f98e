// SPDX-License-Identifier: GPL-2.0

//! The arena: how it grows, and how it ends. The tests named `arena_max` run again with a
//! small one.

use crate::support::{
    devices::ivshmem_bar, faults::*, mappings::*, outcome::*, proc_files::*, ranges::*,
};
use io_mapping_rs::{ioremap::Options, Strategy};
use kernel::prelude::*;

/// Says whether mappings come from the arena.
fn arena() -> Available {
    if !from_arena() {
        return Err(c"address space comes from get_vm_area_caller()");
    }
    Ok(())
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
            let (result, left) = faults.run(Fail::From(n), || map(WC, bar.phys + size, size));
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
            return skip(c"runs again with arena_max=128");
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
            return skip(c"runs again with arena_max=128");
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
}
