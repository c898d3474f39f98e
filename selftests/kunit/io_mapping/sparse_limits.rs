// SPDX-License-Identifier: GPL-2.0

//! The limits of the strategy Sparse: the budget of chunks, memory and address space that run out,
//! two CPUs at once, and what is refused.

use crate::{
    c,
    io_mapping::sparse::*,
    support::{
        contexts::{on_two_cpus, two_cpus},
        outcome::*,
        proc_files::Seen,
        ranges::*,
    },
};
use core::sync::atomic::{AtomicUsize, Ordering};
use io_mapping_rs::{ioremap::Options, IoMapping, Strategy};
use kernel::prelude::*;

/// Where each of two CPUs finds the page at `offset` when both map it at once; 0: refused.
fn both_map(aperture: &IoMapping, offset: u64) -> Outcome<[usize; 2]> {
    let found = [0, 1].map(AtomicUsize::new);
    on_two_cpus(&|who: usize| {
        let map = aperture.map(offset, PAGE);
        found[who].store(map.map_or(0, |map| map.addr()), Ordering::Release);
    })?;
    Ok(found.map(AtomicUsize::into_inner))
}

#[kunit_tests(iomrs_sparse_limits)]
mod tests {
    use super::*;

    #[test]
    fn chunk_budget_limits_the_chunks() -> Outcome {
        let range = require!(Range::reserved());
        let most = (range.size / CHUNK).min(8);
        let mut ours = check_ok!(sparse(range.phys, most * CHUNK));
        let expected = allowed().min(most) as usize;
        // The second time the share of the first is back.
        for _ in 0..2 {
            let before = Seen::now()?;
            for chunk in 0..most {
                let map = check_ok!(ours.map(chunk * CHUNK + PAGE, 2 * PAGE));
                check_eq!(phys_at(map.addr()), Some(range.phys + chunk * CHUNK + PAGE));
                let stay = (chunk as usize + 1).min(expected);
                let own = usize::from(chunk as usize >= expected);
                check_eq!(new_areas(&before)?, stay + own);
                drop(map);
                check_eq!(new_areas(&before)?, stay);
            }
            // Past the budget pages are had by slots.
            for chunk in 0..most {
                all_show(&ours, chunk * CHUNK, range.phys + chunk * CHUNK)?;
            }
            // Others have what is left.
            let other = check_ok!(sparse(range.phys, most * CHUNK));
            drop(check_ok!(other.map(0, PAGE)));
            let stay = allowed().min(most + 1) as usize;
            check_eq!(new_areas(&before)?, stay);
            drop(other);
            ours.trim();
            check_eq!(Seen::now()?, before);
        }
        Ok(())
    }

    #[test]
    fn chunk_budget_counts_bytes() -> Outcome {
        let budget = crate::module_parameters::chunk_budget.value();
        let range = require!(Range::reserved());
        // A chunk that is cut short takes no more than it has.
        let ours = check_ok!(sparse(range.phys, 1 << 20));
        let before = Seen::now()?;
        drop(check_ok!(ours.map(0, PAGE)));
        check_eq!(new_areas(&before)?, usize::from(budget >= 1));
        Ok(())
    }

    #[test]
    fn two_cpus_make_a_chunk_once() -> Outcome {
        require!(chunks(8));
        require!(two_cpus());
        let range = require!(Range::reserved());
        let mut ours = check_ok!(sparse(range.phys, 4 * CHUNK));
        let before = Seen::now()?;
        for round in 0..64u64 {
            let [first, second] = both_map(&ours, round % 4 * CHUNK)?;
            check_eq!(first, second);
            check_eq!(phys_at(first), Some(range.phys + round % 4 * CHUNK));
            check_eq!(new_areas(&before)?, 1);
            ours.trim();
        }
        // An aperture that has never had a chunk: the lock itself is made by both.
        for _ in 0..32 {
            let ours = check_ok!(sparse(range.phys, 4 * CHUNK));
            let found = both_map(&ours, 0)?;
            check_eq!(found[0], found[1]);
            check_eq!(new_areas(&before)?, 1);
        }
        Ok(())
    }

    #[test]
    fn s1_sparse_refuses_what_whole_refuses() -> Outcome {
        let range = require!(Range::reserved());
        let options = Options::new(WC);
        let beyond = c::iomrs_c_phys_limit();
        for (base, size) in [
            (range.phys, 0),
            (range.phys + 1, PAGE),
            (range.phys + 4095, PAGE),
            (u64::MAX - 4095, PAGE),
            (u64::MAX - 4095, 2 * PAGE),
            (beyond, PAGE),
            (beyond - PAGE, 2 * PAGE),
            (range.phys, u64::MAX),
            (range.phys, beyond),
            (c::iomrs_c_ram_page(), PAGE),
        ] {
            let [whole, sparse] = [Strategy::Whole, Strategy::Sparse]
                .map(|strategy| with(options, base, size, strategy).map(drop));
            check!(whole.is_err());
            check_eq!(sparse, whole);
        }
        let size = 3 * PAGE + 100;
        let whole = check_ok!(with(options, range.phys, size, Strategy::Whole));
        let ours = check_ok!(sparse(range.phys, size));
        for offset in [
            0,
            1,
            4095,
            2 * PAGE,
            3 * PAGE,
            3 * PAGE + 1,
            4 * PAGE,
            1 << 63,
        ] {
            for len in [
                0,
                1,
                100,
                101,
                PAGE,
                size,
                size + 1,
                u64::MAX - PAGE,
                u64::MAX,
            ] {
                check_eq!(
                    ours.map(offset, len).map(|map| map.size()),
                    whole.map(offset, len).map(|map| map.size())
                );
            }
            check_eq!(
                ours.map_local(offset).map(|map| map.size()),
                whole.map_local(offset).map(|map| map.size())
            );
            check_eq!(
                ours.map_atomic(offset).map(|map| map.size()),
                whole.map_atomic(offset).map(|map| map.size())
            );
            check_eq!(
                ours.with_local(offset, |map| map.size()),
                whole.with_local(offset, |map| map.size())
            );
        }
        check_err!(ours.sized::<{ 3 * 4096 + 101 }>(), EINVAL);
        check_err!(ours.sized::<4096>(), EOPNOTSUPP);
        Ok(())
    }
}
