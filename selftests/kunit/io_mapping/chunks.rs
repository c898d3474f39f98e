// SPDX-License-Identifier: GPL-2.0

//! Chunks of sparse apertures: where they begin, how long they stay, and who finds them.

use crate::{
    c,
    support::{chunks::*, mappings::*, outcome::*, proc_files::*, ranges::*, translation::*},
};
use kernel::prelude::*;

/// Maps a sparse aperture chunk by chunk, and checks that a chunk ends where a large page of
/// physical memory does.
fn check_chunk_edges(phys: u64, size: u64) -> Outcome {
    let ours = check_ok!(sparse_aperture(phys, size));
    let before = KernelState::now()?;
    let (mut begin, mut count) = (0, 0);
    while begin < size {
        let next = (phys + begin + 1).next_multiple_of(CHUNK) - phys;
        let end = next.min(size);
        count += 1;
        // The first and the last byte are in one chunk.
        let first = check_ok!(ours.map(begin, end - begin)).addr();
        check_eq!(new_areas(&before)?, count);
        check_eq!(phys_at(first), Some(phys + begin));
        let last = (end - 1) & !(PAGE - 1);
        check_all_maps(&ours, last, phys + last)?;
        check_eq!(
            check_ok!(ours.map_local(last)).addr(),
            first + (last - begin) as usize
        );
        if end - begin == CHUNK {
            let page_size = Translation::of(first).map(|found| found.page_size);
            check_eq!(page_size, Some(page_of_block()));
        }
        if next < size {
            // The bytes around the edge are not in one chunk.
            let across = check_ok!(ours.map(next - PAGE, PAGE + 1));
            check_eq!(phys_at(across.addr()), Some(phys + next - PAGE));
            check_eq!(new_areas(&before)?, count + 1);
        }
        begin = next;
    }
    // The last chunk ends with the aperture, rounded up to whole pages.
    let areas = KernelState::now()?.since(&before)?.areas;
    let mapped: u64 = areas.iter().map(|area| area.size - PAGE).sum();
    check_eq!(mapped, size.next_multiple_of(PAGE));
    Ok(())
}

#[kunit_tests(iomrs_chunks)]
mod tests {
    use super::*;

    #[test]
    fn chunk_stays_and_is_found_again() -> Outcome {
        require!(chunks(1));
        let range = require!(TestRange::reserved());
        let ours = check_ok!(sparse_aperture(range.phys, 4 * CHUNK));
        let before = KernelState::now()?;
        let offset = CHUNK + 7 * PAGE;
        let addr = check_ok!(ours.map(offset, 3 * PAGE)).addr();
        let (size, phys) = (CHUNK + PAGE, range.phys + CHUNK);
        check_eq!(
            *KernelState::now()?.since(&before)?.areas,
            [IoremapArea { size, phys }][..]
        );
        check_eq!(
            Translation::of(addr).map(|found| found.page_size),
            Some(page_of_block())
        );
        check_eq!(ours.map(offset, 1).map(|map| map.addr()), Ok(addr));
        check_eq!(ours.map_local(offset).map(|map| map.addr()), Ok(addr));
        check_eq!(ours.map_atomic(offset, |map| map.addr()), Ok(addr));
        check_eq!(
            ours.map(CHUNK, CHUNK).map(|map| map.addr()),
            Ok(addr - 7 * PAGE as usize)
        );
        // No slot is used, so that migration stays on.
        let map = check_ok!(ours.map_local(offset));
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        drop(map);
        check_eq!(new_areas(&before)?, 1);
        for page in 0..CHUNK / PAGE {
            check_all_maps(&ours, CHUNK + page * PAGE, range.phys + CHUNK + page * PAGE)?;
        }
        // The page after the chunk is in another one.
        check!(check_ok!(ours.map_local(2 * CHUNK)).addr() != addr + (CHUNK - 7 * PAGE) as usize);
        check_eq!(new_areas(&before)?, 1);
        drop(ours);
        check_eq!(new_areas(&before)?, 0);
        Ok(())
    }

    #[test]
    fn map_across_chunks_has_its_own_area() -> Outcome {
        let range = require!(TestRange::reserved());
        let ours = check_ok!(sparse_aperture(range.phys, 4 * CHUNK));
        let before = KernelState::now()?;
        for (offset, len) in [
            (CHUNK - PAGE, PAGE + 1),
            (CHUNK - PAGE, 2 * PAGE),
            (0, CHUNK + 1),
            (0, 4 * CHUNK),
            (PAGE, 2 * CHUNK),
        ] {
            let first = check_ok!(ours.map(offset, len));
            let second = check_ok!(ours.map(offset, len));
            check!(first.addr() != second.addr());
            check_eq!(first.size() as u64, len);
            for map in [&first, &second] {
                check_eq!(phys_at(map.addr()), Some(range.phys + offset));
                let last = map.addr() + map.size() - 1;
                check_eq!(phys_at(last), Some(range.phys + offset + len - 1));
            }
            check_eq!(new_areas(&before)?, 2);
            drop((first, second));
            check_eq!(new_areas(&before)?, 0);
        }
        Ok(())
    }

    #[test]
    fn chunks_are_aligned_in_physical_memory() -> Outcome {
        require!(chunks(3));
        let range = require!(TestRange::reserved());
        // From the middle of a large page to the middle of another, and nearly so.
        for (offset, size) in [
            (5 * PAGE, 2 * CHUNK),
            (CHUNK - PAGE, CHUNK + 2 * PAGE),
            (PAGE, CHUNK - PAGE),
            (300 * PAGE, CHUNK + 7),
        ] {
            check_chunk_edges(range.phys + offset, size)?;
        }
        Ok(())
    }

    #[test]
    fn trim_unmaps_all_chunks() -> Outcome {
        require!(chunks(4));
        let range = require!(TestRange::reserved());
        let mut ours = check_ok!(sparse_aperture(range.phys, 4 * CHUNK));
        let before = KernelState::now()?;
        ours.trim();
        for _ in 0..3 {
            for chunk in 0..4 {
                drop(check_ok!(ours.map(chunk * CHUNK, CHUNK)));
            }
            check_eq!(new_areas(&before)?, 4);
            ours.trim();
            check_eq!(new_areas(&before)?, 0);
            // Pages are mapped by slots again.
            for chunk in 0..4 {
                let local = check_ok!(ours.map_local(chunk * CHUNK));
                check_eq!(phys_at(local.addr()), Some(range.phys + chunk * CHUNK));
            }
            check_eq!(new_areas(&before)?, 0);
        }
        Ok(())
    }
}
