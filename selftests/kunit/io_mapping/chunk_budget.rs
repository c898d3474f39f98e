// SPDX-License-Identifier: GPL-2.0

//! The budget of chunks, and two CPUs that make one chunk at once.

use crate::support::{
    chunks::*,
    contexts::{on_two_cpus, two_cpus},
    mappings::*,
    outcome::*,
    proc_files::*,
    ranges::*,
    translation::phys_at,
};
use core::sync::atomic::{AtomicUsize, Ordering};
use io_mapping_rs::IoMapping;
use kernel::prelude::*;

/// Maps the page at `offset` on two CPUs at once. Returns both addresses, 0 where the map is refused.
fn map_on_two_cpus(aperture: &IoMapping, offset: u64) -> Outcome<[usize; 2]> {
    let found = [0, 1].map(AtomicUsize::new);
    on_two_cpus(&|cpu: usize| {
        let map = aperture.map(offset, PAGE);
        found[cpu].store(map.map_or(0, |map| map.addr()), Ordering::Release);
    })?;
    Ok(found.map(AtomicUsize::into_inner))
}

#[kunit_tests(iomrs_chunk_budget)]
mod tests {
    use super::*;

    #[test]
    fn chunk_budget_limits_the_chunks() -> Outcome {
        let range = require!(TestRange::reserved());
        let most = (range.size / CHUNK).min(8);
        let mut ours = check_ok!(sparse_aperture(range.phys, most * CHUNK));
        let expected = allowed_chunks().min(most) as usize;
        // In the second round the first one's chunks have been given back to the budget.
        for _ in 0..2 {
            let before = KernelState::now()?;
            for chunk in 0..most {
                let map = check_ok!(ours.map(chunk * CHUNK + PAGE, 2 * PAGE));
                check_eq!(phys_at(map.addr()), Some(range.phys + chunk * CHUNK + PAGE));
                let chunks = (chunk as usize + 1).min(expected);
                // Past the budget a map has its own area.
                let own = usize::from(chunk as usize >= expected);
                check_eq!(new_areas(&before)?, chunks + own);
                drop(map);
                check_eq!(new_areas(&before)?, chunks);
            }
            // Past the budget temporary maps use slots.
            for chunk in 0..most {
                check_all_maps(&ours, chunk * CHUNK, range.phys + chunk * CHUNK)?;
            }
            // Another aperture can use the rest of the budget.
            let other = check_ok!(sparse_aperture(range.phys, most * CHUNK));
            drop(check_ok!(other.map(0, PAGE)));
            let chunks = allowed_chunks().min(most + 1) as usize;
            check_eq!(new_areas(&before)?, chunks);
            drop(other);
            ours.trim();
            check_eq!(KernelState::now()?, before);
        }
        Ok(())
    }

    #[test]
    fn chunk_budget_counts_bytes() -> Outcome {
        let budget = crate::module_parameters::chunk_budget.value();
        let range = require!(TestRange::reserved());
        // The chunk is no longer than the aperture, and takes as much of the budget.
        let ours = check_ok!(sparse_aperture(range.phys, 1 << 20));
        let before = KernelState::now()?;
        drop(check_ok!(ours.map(0, PAGE)));
        check_eq!(new_areas(&before)?, usize::from(budget >= 1));
        Ok(())
    }

    #[test]
    fn two_cpus_make_a_chunk_once() -> Outcome {
        require!(chunks(8));
        require!(two_cpus());
        let range = require!(TestRange::reserved());
        let mut ours = check_ok!(sparse_aperture(range.phys, 4 * CHUNK));
        let before = KernelState::now()?;
        for round in 0..64u64 {
            let [first, second] = map_on_two_cpus(&ours, round % 4 * CHUNK)?;
            check_eq!(first, second);
            check_eq!(phys_at(first), Some(range.phys + round % 4 * CHUNK));
            check_eq!(new_areas(&before)?, 1);
            ours.trim();
        }
        // In an aperture that has had no chunk both make the lock, too.
        for _ in 0..32 {
            let ours = check_ok!(sparse_aperture(range.phys, 4 * CHUNK));
            let found = map_on_two_cpus(&ours, 0)?;
            check_eq!(found[0], found[1]);
            check_eq!(new_areas(&before)?, 1);
        }
        Ok(())
    }
}
