// SPDX-License-Identifier: GPL-2.0

//! The guards of maps: addresses, side effects, and what happens where they are leaked or end in
//! another order.

use super::c_atomic_map::CAtomicMap;
use crate::{
    c,
    support::{
        compare::compare_entries, contexts::side_effects, devices::ivshmem_bar, mappings::*,
        outcome::*, proc_files::KernelState, ranges::*, translation::phys_at,
    },
};
use core::mem::ManuallyDrop;
use io_mapping_rs::{ioremap::Options, Strategy};
use kernel::{prelude::*, sync::rcu};

#[kunit_tests(iomrs_guards)]
mod tests {
    use super::*;

    #[test]
    fn s6_same_addresses_as_c() -> Outcome {
        let bar = require!(ivshmem_bar(2));
        let size = if cfg!(iomrs_exported) {
            bar.size
        } else {
            4 * PAGE_2M
        };
        let ours = check_ok!(aperture(bar.phys, size));
        let in_c = CAperture::new(bar.phys, size)?;
        if let Some(whole) = ours.whole() {
            compare_entries(whole.addr(), in_c.page(0), size)?;
        }
        for offset in [0, PAGE, PAGE_2M, size / 2, size - PAGE] {
            let phys = Some(bar.phys + offset);
            let local = check_ok!(ours.map_local(offset));
            check_eq!(phys_at(local.addr()), phys);
            check_eq!(phys_at(in_c.page(offset)), phys);
            let map = check_ok!(ours.map(offset, PAGE));
            check_eq!(phys_at(map.addr()), phys);
            // SAFETY: The offset is in the aperture, which has not been freed.
            let addr = unsafe {
                c::iomrs_c_io_mapping_map_wc(in_c.as_ptr(), offset as usize, PAGE as usize)
            };
            if let Some(whole) = ours.whole() {
                check_eq!(addr - in_c.page(0), map.addr() - whole.addr());
            }
        }
        Ok(())
    }

    #[test]
    fn s6_atomic_has_the_side_effects_of_c() -> Outcome {
        let range = require!(TestRange::reserved());
        let ours = check_ok!(aperture(range.phys, 2 * PAGE));
        let in_c = CAperture::new(range.phys, 2 * PAGE)?;
        let before = side_effects();
        let map = CAtomicMap::new(&in_c);
        let with_c = side_effects();
        drop(map);
        check_eq!(side_effects(), before);
        check!(with_c != before);
        check_eq!(ours.map_atomic(0, |_| side_effects()), Ok(with_c));
        check_eq!(side_effects(), before);
        Ok(())
    }

    #[test]
    fn s6_atomic_maps_nest() -> Outcome {
        let range = require!(TestRange::reserved());
        let aperture = check_ok!(aperture(range.phys, 2 * PAGE));
        let before = side_effects();
        let found = aperture.map_atomic(0, |_| {
            let one = side_effects();
            let two = aperture.map_atomic(PAGE, |_| side_effects());
            (one, two, side_effects())
        });
        let (one, two, after_two) = check_ok!(found);
        check_eq!(side_effects(), before);
        check_eq!(after_two, one);
        check_eq!(two.map(|(_, faults)| faults), Ok(one.1 + one.1 - before.1));
        Ok(())
    }

    #[test]
    fn s6_other_maps_have_no_side_effects() -> Outcome {
        let range = require!(TestRange::reserved());
        let aperture = check_ok!(aperture(range.phys, 2 * PAGE));
        let before = side_effects();
        let _map = check_ok!(aperture.map(0, 2 * PAGE));
        check_eq!(side_effects(), before);
        let _local = check_ok!(aperture.map_local(0));
        check_eq!(side_effects(), before);
        Ok(())
    }

    #[test]
    fn s7_leaked_guards_do_no_harm() -> Outcome {
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        let aperture = check_ok!(aperture(range.phys, 2 * PAGE));
        let start = side_effects();
        for _ in 0..1000 {
            let _leaked = ManuallyDrop::new(check_ok!(aperture.map(0, PAGE)));
            // The chunk or the whole is mapped now, so that no slot is used.
            let _leaked = ManuallyDrop::new(check_ok!(aperture.map_local(PAGE)));
        }
        check_eq!(side_effects(), start);
        check_ok!(check_ok!(aperture.map_local(0)).try_write32(1, 0));
        drop(aperture);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s7_guards_end_in_any_order() -> Outcome {
        let range = require!(TestRange::reserved());
        let aperture = check_ok!(aperture(range.phys, 4 * PAGE));
        let maps = [0, PAGE, 2 * PAGE, 3 * PAGE].map(|offset| aperture.map_local(offset));
        let [Ok(first), Ok(second), Ok(third), Ok(last)] = maps else {
            fail!("a page of the aperture is not mapped")
        };
        check_ok!(last.try_write32(4, 0));
        {
            let _first_ends = first;
        }
        check_ok!(second.try_write32(2, 0));
        {
            let _third_ends = third;
        }
        check_eq!(second.try_read32(0), Ok(2));
        {
            let _second_ends = second;
        }
        check_eq!(last.try_read32(0), Ok(4));
        Ok(())
    }

    /// Where the aperture is mapped as a whole nothing sleeps, so that the complaint is of `map` itself.
    #[test]
    fn map_in_an_rcu_section_is_complained_of() -> Outcome {
        if !cfg!(CONFIG_DEBUG_ATOMIC_SLEEP) {
            return skip(c"this kernel does not look (CONFIG_DEBUG_ATOMIC_SLEEP)");
        }
        let range = require!(TestRange::reserved());
        let options = Options::new(WC);
        let whole = check_ok!(aperture_with(options, range.phys, PAGE, Strategy::Whole));
        let log = c::iomrs_c_log_position();
        check_ok!(whole.map(0, PAGE));
        check_ok!(whole.map_local(0));
        check_eq!(c::iomrs_c_count_complaints(log), 0);
        let in_section = complaints_are_wanted(|| {
            let _section = rcu::read_lock();
            whole.map(0, PAGE).map(drop)
        });
        check_ok!(in_section);
        check!(c::iomrs_c_count_complaints(log) > 0);
        let log = c::iomrs_c_log_position();
        let local = {
            let _section = rcu::read_lock();
            whole.map_local(0).map(drop)
        };
        check_ok!(local);
        check_eq!(c::iomrs_c_count_complaints(log), 0);
        Ok(())
    }
}
