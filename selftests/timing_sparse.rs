// SPDX-License-Identifier: GPL-2.0

//! What the strategy Sparse costs, in time and in page tables, beside what C does instead. See
//! `timing.rs` for what counts.

use crate::{c, loops, range::*, sides::*, sparse::*, timing::*, verdict::*};
use io_mapping_rs::{io_mapping::LocalMap, Strategy};
use kernel::prelude::*;

const SIZES: [u64; 4] = [1 << 20, PAGE_1G, 64 * PAGE_1G, TIB];

/// Whether C gives an aperture large pages: not after `nohugeiomap`.
fn c_has_large_pages() -> bool {
    let theirs = Theirs::map(WC, nowhere().phys, PAGE_1G);
    let page = theirs.and_then(|theirs| Page::at(theirs.addr()));
    page.is_some_and(|page| page.size > PAGE)
}

/// The least ticks of creating and freeing, C's where it is asked for, and ours.
fn create_and_free(size: u64, with_c: bool) -> Verdict<(u64, u64)> {
    let (phys, nothing) = (nowhere().phys, (0, 0));
    let c = || {
        if with_c {
            c_create_wc(phys, size)
        } else {
            Some(nothing)
        }
    };
    let batches = if size == PAGE_1G { 8 } else { 64 };
    let least = in_turns(batches, c, || loops::create_sparse(phys, size))?;
    let c = net(least.c, c::iomrs_c_time_nothing());
    let rust = net(least.rust, loops::nothing());
    Ok((c.0 + c.1, rust.0 + rust.1))
}

/// Bytes of page tables that have come while `f` ran and what it gave was there.
fn page_tables<T>(f: impl FnOnce() -> T) -> (u64, T) {
    let before = c::iomrs_c_page_tables();
    let kept = f();
    let pages = c::iomrs_c_page_tables().saturating_sub(before);
    (pages as u64 * PAGE, kept)
}

#[kunit_tests(iomrs_timing_sparse)]
mod tests {
    use super::*;

    #[test]
    fn creation_costs_the_same_at_any_size() -> Verdict {
        need!(addresses(TIB));
        let bar = need!(Range::bar2());
        let judged = is_judged();
        let small = in_turns(64, || c_create_wc(bar.phys, PAGE), || Some((0, 0)))?;
        let small = net(small.c, c::iomrs_c_time_nothing());
        let (mut least, mut most) = (u64::MAX, 0);
        for size in SIZES {
            // C's tables for more would be larger than memory.
            let with_c = size <= PAGE_1G || c_has_large_pages();
            let (c, rust) = create_and_free(size, with_c)?;
            let what = "create+free_sparse";
            if with_c {
                print(what, size, Thousandths(c * 1000), Thousandths(rust * 1000));
            } else {
                note(fmt!("iomrs-timing: {what} size={size} rust={rust}.000"));
            }
            (least, most) = (least.min(rust), most.max(rust));
        }
        if judged {
            check!(most <= small.0 + small.1);
            check!(most * 100 <= least * 102);
        }
        Ok(())
    }

    #[test]
    fn page_of_a_sparse_aperture() -> Verdict {
        let apertures = Apertures::new(need!(Range::bar2()), Strategy::Sparse)?;
        let a = &apertures;
        let judged = is_judged();
        let empty = a.time(c::iomrs_c_time_empty, |a| loops::empty(&a.offsets))?;
        let page = a.time_c(c::iomrs_c_time_ioremap_read, 8);
        check!(page != 0);
        let row = |what, run: fn(&Apertures) -> Option<u64>| {
            let (_, rust) = a.time(c::iomrs_c_time_empty, run)?;
            let rust = rust.saturating_sub(empty.1) * 1000 / ROUNDS as u64;
            print(what, PAGE, Thousandths(page), Thousandths(rust));
            Verdict::Ok(rust)
        };
        let local = row("slot_local+read32", |a| {
            loops::read_local(&a.rust, &a.offsets)
        })?;
        let atomic = row("slot_atomic+read32", |a| {
            loops::read_atomic(&a.rust, &a.offsets)
        })?;
        // From here on the chunk is there.
        drop(ok!(a.rust.map(0, PAGE_2M)));
        let chunk = row("chunk_local", |a| loops::map_local(&a.rust, &a.offsets))?;
        if judged {
            check!(local <= 170_000);
            check!(atomic <= 130_000);
            check!(chunk <= 20_000);
        }
        Ok(())
    }

    #[test]
    fn page_tables_of_a_large_aperture() -> Verdict {
        const SIZE: u64 = 64 * PAGE_1G;
        need!(addresses(SIZE));
        let phys = nowhere().phys;
        let ours = ok!(sparse_nowhere(SIZE));
        let mut random = 1u64;
        let (rust, wrong) = page_tables(|| {
            let mut wrong = 0;
            // Some at a time, as many as there always are slots for.
            for _ in 0..25 {
                let maps: [(u64, Result<LocalMap<'_>>); 4] = core::array::from_fn(|_| {
                    random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                    let offset = (random >> 16) % SIZE & !(PAGE - 1);
                    (offset, ours.map_local(offset))
                });
                for (offset, map) in &maps {
                    let at = map.as_ref().ok().and_then(|map| phys_at(map.addr()));
                    wrong += u32::from(at != Some(phys + offset));
                }
            }
            wrong
        });
        same!(wrong, 0);
        let (c, theirs) = page_tables(|| Theirs::map(WC, phys, SIZE));
        check!(theirs.is_some());
        drop(theirs);
        note(fmt!(
            "iomrs-timing: bytes of page tables for 64 GiB: C's ioremap_wc {c}, ours for 100 pages \
             by slots {rust}"
        ));
        // That they are seen: of a part that lies so that it takes small pages.
        let (seen, theirs) = page_tables(|| Theirs::map(WC, phys + PAGE, 4 * PAGE_1G));
        check!(theirs.is_some());
        note(fmt!("page tables of 4 GiB in small pages: {seen} bytes"));
        if c::iomrs_c_timing_is_strict() {
            // Nobody else makes any meanwhile.
            check!(c.max(seen) >= 4 * PAGE_1G / 512);
            same!(rust, 0);
        }
        Ok(())
    }
}
