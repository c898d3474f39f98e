// SPDX-License-Identifier: GPL-2.0

//! What page tables a large aperture takes: on Sparse none, however many pages of it are mapped.

use crate::{
    c,
    io_mapping::sparse::*,
    random::Random,
    support::{compare::*, outcome::*, ranges::*},
};
use io_mapping_rs::{io_mapping::LocalMap, IoMapping};
use kernel::prelude::*;

const SIZE: u64 = 64 * PAGE_1G;
/// How often page tables are counted until nobody else has made any meanwhile.
const TRIES: u32 = 10;
/// Page tables that others make meanwhile at most, a process for one.
const OTHERS: u64 = 64 * PAGE;

/// Bytes of page tables that have come while `f` ran and what it gave was there.
fn page_tables<T>(f: impl FnOnce() -> T) -> (u64, T) {
    let before = c::iomrs_c_page_table_pages();
    let kept = f();
    let pages = c::iomrs_c_page_table_pages().saturating_sub(before);
    (pages as u64 * PAGE, kept)
}

/// Maps a hundred pages by slots, and says of how many something else was seen.
fn hundred_pages(aperture: &IoMapping, phys: u64, random: &mut Random) -> u32 {
    let mut wrong = 0;
    // Some at a time, as many as there always are slots for.
    for _ in 0..25 {
        let maps: [(u64, Result<LocalMap<'_>>); 4] = core::array::from_fn(|_| {
            let offset = random.next() % SIZE & !(PAGE - 1);
            (offset, aperture.map_local(offset))
        });
        for (offset, map) in &maps {
            let at = map.as_ref().ok().and_then(|map| phys_at(map.addr()));
            wrong += u32::from(at != Some(phys + offset));
        }
    }
    wrong
}

#[kunit_tests(iomrs_page_tables)]
mod tests {
    use super::*;

    #[test]
    fn none_for_a_sparse_large_aperture_nohugeiomap() -> Outcome {
        require!(addresses(SIZE));
        let phys = nowhere().phys;
        let (mut random, mut least) = (Random::new(1), u64::MAX);
        for _ in 0..TRIES {
            let (bytes, wrong) = page_tables(|| -> Outcome<u32> {
                let aperture = check_ok!(sparse_nowhere(SIZE));
                Ok(hundred_pages(&aperture, phys, &mut random))
            });
            check_eq!(wrong?, 0);
            // What is made once and stays would be seen the first time only.
            check!(bytes <= OTHERS);
            least = least.min(bytes);
        }
        check_eq!(least, 0);
        // That they are seen: C's, of a part that lies so that it takes small pages.
        // Where others have been, tables may be left, so that it is tried elsewhere, too.
        let (mut most, mut kept) = (0, KVec::new());
        for _ in 0..TRIES {
            let (seen, theirs) = page_tables(|| Theirs::map(WC, phys + PAGE, 4 * PAGE_1G));
            check!(theirs.is_some());
            check_ok!(kept.push(theirs, GFP_KERNEL));
            most = most.max(seen);
            if most >= 4 * PAGE_1G / 512 {
                break;
            }
        }
        check!(most >= 4 * PAGE_1G / 512);
        drop(kept);
        let (whole, theirs) = page_tables(|| Theirs::map(WC, phys, SIZE));
        check!(theirs.is_some());
        note(fmt!("bytes of page tables for 64 GiB in C: {whole}"));
        Ok(())
    }
}
