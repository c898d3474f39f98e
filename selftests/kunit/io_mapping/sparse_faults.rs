// SPDX-License-Identifier: GPL-2.0

//! The strategy Sparse where memory or address space runs out: a chunk that cannot be made is done
//! without, and nothing is left of the attempt.

use crate::{
    c,
    io_mapping::sparse::*,
    ioremap::unwind::*,
    support::{compare::Theirs, outcome::*, proc_files::Seen, ranges::*},
};
use io_mapping_rs::IoMapping;
use kernel::prelude::*;

/// A piece within the first chunk of [`cut_short`].
const OFFSET: u64 = 7 * PAGE;
const LEN: u64 = 3 * PAGE;
/// How often allocations are counted until as many are seen as there should be.
const TRIES: u32 = 8;

/// An aperture that begins within a large page: its first chunk takes small ones, and a table.
fn cut_short(range: Range) -> Result<IoMapping> {
    sparse(range.phys + 5 * PAGE, 2 * CHUNK)
}

/// What became of maps of which an allocation failed.
#[derive(Debug, Default, PartialEq)]
struct Count {
    /// The chunk was made all the same.
    chunk: u32,
    /// The map had an area of its own.
    own: u32,
    /// There was none: `ENOMEM`.
    refused: u32,
}

impl Count {
    /// Looks at a map of [`OFFSET`] whose allocations failed. `before` is from before it.
    fn add(&mut self, ours: &IoMapping, map: Result<usize>, before: &Seen) -> Outcome {
        match map {
            Ok(areas) => {
                check_eq!(areas, 1);
                match new_areas(before)? {
                    0 => self.own += 1,
                    1 => self.chunk += 1,
                    more => fail!("{} areas stay", more),
                }
            }
            Err(err) => {
                check_eq!(err, ENOMEM);
                self.refused += 1;
            }
        }
        if self.chunk == 0 {
            check_eq!(Seen::now()?, *before);
            // A slot needs no memory.
            check_eq!(ours.map_local(OFFSET).map(drop), Ok(()));
        }
        Ok(())
    }
}

/// Takes away the address space where a chunk of [`cut_short`] would find a table.
fn take_tables(range: Range, taken: &mut KVVec<Theirs>) -> Outcome {
    // Where one has made a table, and the next one another, there are none.
    let mut made = 0;
    while made < 2 {
        let before = c::iomrs_c_page_table_pages();
        let Some(theirs) = Theirs::map(WC, range.phys + 5 * PAGE, CHUNK - 5 * PAGE) else {
            fail!("C maps nothing")
        };
        check_ok!(taken.push(theirs, GFP_KERNEL));
        check!(taken.len() < 4096);
        if c::iomrs_c_page_table_pages() > before {
            made += 1;
        } else {
            made = 0;
        }
    }
    Ok(())
}

/// Maps a piece of a new aperture again and again, with the first allocation failing, then the
/// second, and so on until there is none left to fail. After each the aperture must work.
fn each_allocation(range: Range, fail: extern "C" fn(u32)) -> Outcome<Count> {
    let mut count = Count::default();
    let mut taken = KVVec::new();
    let start = Seen::now()?;
    let log = c::iomrs_c_log_position();
    let phys = range.phys + 5 * PAGE + OFFSET;
    for n in 1..MANY {
        let mut ours = check_ok!(cut_short(range));
        c::iomrs_c_vm_unmap_aliases();
        take_tables(range, &mut taken)?;
        let before = Seen::now()?;
        fail(n);
        let map = ours.map(OFFSET, LEN);
        let left = c::iomrs_c_fail_countdown();
        fail(0);
        let map = map.map(|map| (phys_at(map.addr()), new_areas(&before)));
        if left != 0 {
            drop(ours);
            drop(taken);
            check_eq!(map.map(|(at, _)| at), Ok(Some(phys)));
            check_eq!(Seen::now()?, start);
            check_eq!(c::iomrs_c_count_complaints(log), 0);
            return Ok(count);
        }
        let areas = match map {
            Ok((at, areas)) => {
                check_eq!(at, Some(phys));
                Ok(areas?)
            }
            Err(err) => Err(err),
        };
        count.add(&ours, areas, &before)?;
        // With its share of the budget, too.
        for _ in 0..2 {
            drop(check_ok!(ours.map(OFFSET, LEN)));
            check_eq!(new_areas(&before)?, 1);
            all_show(&ours, OFFSET, phys)?;
            ours.trim();
            check_eq!(Seen::now()?, before);
        }
    }
    fail!("{} allocations are too many to be true", MANY)
}

/// Fills address space until no area of `size` bytes is to be had.
fn fill(kept: &mut KVVec<Theirs>, size: u64) -> Outcome {
    while let Some(theirs) = Theirs::map(WC, nowhere().phys, size) {
        check_ok!(kept.push(theirs, GFP_KERNEL));
        check!(kept.len() < 1 << 16);
    }
    Ok(())
}

#[kunit_tests(iomrs_sparse_faults)]
mod tests {
    use super::*;

    #[test]
    fn each_allocation_of_a_chunk_fails_at_any_chunk_budget() -> Outcome {
        require!(chunks(1));
        let (faults, range) = (require!(Faults::begin()), require!(Range::reserved()));
        // Others make tables, too, and then none may be missing for ours.
        for _ in 0..TRIES {
            let count = each_allocation(range, c::iomrs_c_fail_nth)?;
            note(fmt!("one allocation made to fail: {count:?}"));
            // The lock of the chunks, the area's two records, its page table. What is there of chunks
            // is kept in lists, for which there is a second way.
            check_eq!(count.refused, 0);
            if count.own >= 4 && count.chunk >= 2 {
                drop(faults);
                return Ok(());
            }
        }
        fail!("too few allocations, in {} tries", TRIES)
    }

    #[test]
    fn all_later_allocations_fail_too_at_any_chunk_budget() -> Outcome {
        require!(chunks(1));
        let (faults, range) = (require!(Faults::begin()), require!(Range::reserved()));
        for _ in 0..TRIES {
            let count = each_allocation(range, c::iomrs_c_fail_from)?;
            note(fmt!("that and all later ones made to fail: {count:?}"));
            // The area of its own fails too, whatever it was that failed first.
            check!(count.own == 0 && count.chunk == 0);
            if count.refused >= 6 {
                drop(faults);
                return Ok(());
            }
        }
        fail!("too few allocations, in {} tries", TRIES)
    }

    #[test]
    fn failed_chunks_leak_no_memory() -> Outcome {
        require!(chunks(1));
        let (faults, range) = (require!(Faults::begin()), require!(Range::reserved()));
        const ROUNDS: u32 = 8192;
        // Eight allocations to fail, each with those after it and without.
        const POINTS: u32 = 16;
        // Others take and give pages meanwhile, but not in most batches, where a leak shows.
        let mut lost = [0; 5];
        for lost in &mut lost {
            c::iomrs_c_vm_unmap_aliases();
            let before = c::iomrs_c_free_pages() as i64;
            for round in 0..ROUNDS {
                let ours = check_ok!(cut_short(range));
                let n = round / 2 % (POINTS / 2) + 1;
                if round % 2 == 0 {
                    c::iomrs_c_fail_nth(n);
                } else {
                    c::iomrs_c_fail_from(n);
                }
                let map = ours.map(OFFSET, LEN).map(drop);
                c::iomrs_c_fail_from(0);
                check!(map.is_ok() || map == Err(ENOMEM));
            }
            c::iomrs_c_vm_unmap_aliases();
            *lost = before - c::iomrs_c_free_pages() as i64;
        }
        drop(faults);
        lost.sort_unstable();
        note(fmt!("pages lost: {lost:?}"));
        // Half of what the smallest allocation takes that can be lost at one point.
        check!(lost[2] < i64::from(ROUNDS / POINTS) * 16 / PAGE as i64);
        Ok(())
    }

    #[test]
    fn s29_no_address_space_for_a_chunk() -> Outcome {
        require!(chunks(2));
        let range = require!(Range::reserved());
        let total = c::iomrs_c_vmalloc_total() as u64;
        if total > 64 << 40 || c::iomrs_c_largest_page_shift() != PAGE_1G.trailing_zeros() {
            return skip(c"too much address space to fill (no5lvl), or no 1G pages");
        }
        let ours = check_ok!(sparse(range.phys, 4 * CHUNK));
        let there = check_ok!(ours.map(CHUNK, CHUNK)).addr();
        let start = Seen::now()?;
        let mut size = (total / 16).min(nowhere().size).next_power_of_two() / 2;
        let mut filled = KVVec::new();
        while size >= CHUNK {
            fill(&mut filled, size)?;
            size /= 2;
        }
        note(fmt!("areas that fill the address space: {}", filled.len()));
        let full = Seen::now()?;
        for _ in 0..2 {
            check_err!(ours.map(0, CHUNK), ENOMEM);
            check_err!(ours.map(CHUNK - PAGE, CHUNK + PAGE), ENOMEM);
            check_err!(ours.map(0, 4 * CHUNK), ENOMEM);
            check_eq!(Seen::now()?, full);
        }
        // A piece that fits into what is left has an area of its own.
        let map = check_ok!(ours.map(7 * PAGE, PAGE));
        check_eq!(phys_at(map.addr()), Some(range.phys + 7 * PAGE));
        check_eq!(new_areas(&full)?, 1);
        drop(map);
        check_eq!(Seen::now()?, full);
        // What is there stays, and slots need nothing.
        check_eq!(ours.map(CHUNK, CHUNK).map(|map| map.addr()), Ok(there));
        all_show(&ours, CHUNK + PAGE, range.phys + CHUNK + PAGE)?;
        check_eq!(
            ours.map_local(0).map(|map| phys_at(map.addr())),
            Ok(Some(range.phys))
        );
        drop(filled);
        c::iomrs_c_vm_unmap_aliases();
        check_eq!(Seen::now()?, start);
        drop(check_ok!(ours.map(0, CHUNK)));
        check_eq!(new_areas(&start)?, 1);
        all_show(&ours, 0, range.phys)
    }
}
