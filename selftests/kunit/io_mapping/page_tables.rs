// SPDX-License-Identifier: GPL-2.0

//! How many page tables a large aperture needs: a sparse one none, however many of its pages are
//! mapped.

use crate::{
    c,
    random::Random,
    support::{mappings::*, outcome::*, ranges::*, translation::phys_at},
};
use io_mapping_rs::{io_mapping::LocalMap, ioremap::Options, IoMapping, Strategy};
use kernel::prelude::*;

const SIZE: u64 = 64 * PAGE_1G;
/// How often page tables are counted, until others have made none meanwhile.
const TRIES: u32 = 10;
/// The most page tables that others make meanwhile, as for a process.
const MAX_OF_OTHERS: u64 = 64 * PAGE;

/// Returns the bytes of page tables that were made while `f` ran, and what `f` returned.
fn page_tables_made_by<T>(f: impl FnOnce() -> T) -> (u64, T) {
    let before = c::iomrs_c_page_table_pages();
    let result = f();
    let pages = c::iomrs_c_page_table_pages().saturating_sub(before);
    (pages as u64 * PAGE, result)
}

/// Maps a hundred pages by slots. Returns how many of the maps did not show their page.
fn wrong_of_hundred_maps(aperture: &IoMapping, phys: u64, random: &mut Random) -> u32 {
    let mut wrong = 0;
    // Four at a time: there always are as many slots.
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
        require!(much_address_space());
        if usize::BITS < u64::BITS {
            return skip(c"C maps less than 4 GiB on 32 bits");
        }
        let phys = require!(TestRange::unpopulated(SIZE)).phys;
        let (mut random, mut least) = (Random::new(1), u64::MAX);
        for _ in 0..TRIES {
            let (bytes, wrong) = page_tables_made_by(|| -> Outcome<u32> {
                let options = Options::new(WC).across_resources();
                let aperture = aperture_with(options, phys, SIZE, Strategy::Sparse);
                let aperture = check_ok!(aperture);
                Ok(wrong_of_hundred_maps(&aperture, phys, &mut random))
            });
            check_eq!(wrong?, 0);
            // What is made once and stays is counted the first time only.
            check!(bytes <= MAX_OF_OTHERS);
            least = least.min(bytes);
        }
        check_eq!(least, 0);
        // That page tables are counted at all is seen of C's, for a part that takes small pages.
        // Where other areas have been, tables may be left: several areas are tried.
        let (mut most, mut kept) = (0, KVec::new());
        for _ in 0..TRIES {
            let (bytes, in_c) = page_tables_made_by(|| CMapping::new(WC, phys + PAGE, 4 * PAGE_1G));
            check_ok!(kept.push(in_c?, GFP_KERNEL));
            most = most.max(bytes);
            if most >= 4 * PAGE_1G / 512 {
                break;
            }
        }
        check!(most >= 4 * PAGE_1G / 512);
        drop(kept);
        let (bytes, in_c) = page_tables_made_by(|| CMapping::new(WC, phys, SIZE));
        drop(in_c?);
        note(fmt!("bytes of page tables for 64 GiB in C: {bytes}"));
        Ok(())
    }
}
