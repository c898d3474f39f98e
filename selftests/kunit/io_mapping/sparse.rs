// SPDX-License-Identifier: GPL-2.0

//! The strategy Sparse: what is mapped when, and for how long. Apertures here follow it whatever
//! the run says.

use crate::{
    c,
    support::{
        compare::{Page, Theirs},
        outcome::*,
        proc_files::{Area, Reserved, Seen},
        ranges::*,
    },
};
use io_mapping_rs::{ioremap::Options, CacheMode, IoMapping, Strategy};
use kernel::prelude::*;

pub(crate) const WC: CacheMode = CacheMode::WriteCombining;
/// Bytes of a chunk.
pub(crate) const CHUNK: u64 = PAGE_2M;
const PAGE_4G: u64 = 4 << 30;
pub(crate) const TIB: u64 = 1 << 40;

/// A sparse aperture.
pub(crate) fn sparse(base: u64, size: u64) -> Result<IoMapping> {
    with(Options::new(WC), base, size, Strategy::Sparse)
}

pub(crate) fn with(
    options: Options,
    base: u64,
    size: u64,
    strategy: Strategy,
) -> Result<IoMapping> {
    // SAFETY: The tests map ranges that nobody else uses, or that are refused.
    unsafe { IoMapping::with_strategy(base, size, options, strategy) }
}

/// Physical addresses where nothing is, never accessed: the upper half of what can be addressed.
pub(crate) fn nowhere() -> Range {
    let phys = c::iomrs_c_phys_limit() / 2;
    Range { phys, size: phys }
}

/// Whether there are that many addresses where nothing is.
pub(crate) fn addresses(size: u64) -> core::result::Result<(), &'static CStr> {
    if size > nowhere().size {
        return Err(c"the CPU's physical addresses are too narrow (-cpu max,phys-bits=46)");
    }
    Ok(())
}

/// A sparse aperture of `size` bytes where nothing is.
pub(crate) fn sparse_nowhere(size: u64) -> Result<IoMapping> {
    let options = Options::new(WC).across_resources();
    with(options, nowhere().phys, size, Strategy::Sparse)
}

/// How many chunks of 2 MiB the budget allows, with which the module was loaded.
pub(crate) fn allowed() -> u64 {
    crate::module_parameters::chunk_budget.value() / 2
}

/// For tests of chunks, which do not look at the budget.
pub(crate) fn chunks(count: u64) -> core::result::Result<(), &'static CStr> {
    if allowed() < count {
        return Err(c"chunk_budget= allows too few chunks");
    }
    Ok(())
}

/// The physical address that `addr` is mapped to.
pub(crate) fn phys_at(addr: usize) -> Option<u64> {
    Page::at(addr).map(|page| page.phys)
}

/// The areas that are there now and were not `before`.
pub(crate) fn new_areas(before: &Seen) -> Outcome<usize> {
    Ok(Seen::now()?.since(before)?.areas.len())
}

/// Fails the test unless maps of all three kinds of the page at `offset` show `phys`.
pub(crate) fn all_show(aperture: &IoMapping, offset: u64, phys: u64) -> Outcome {
    let local = aperture.map_local(offset).map(|map| phys_at(map.addr()));
    check_eq!(local, Ok(Some(phys)));
    let atomic = aperture.map_atomic(offset).map(|map| phys_at(map.addr()));
    check_eq!(atomic, Ok(Some(phys)));
    let map = aperture.map(offset, 1).map(|map| phys_at(map.addr()));
    check_eq!(map, Ok(Some(phys)));
    Ok(())
}

#[kunit_tests(iomrs_sparse)]
mod tests {
    use super::*;

    #[test]
    fn creation_maps_nothing() -> Outcome {
        let bar = require!(Range::bar2());
        let before = Seen::now()?;
        for size in [1, PAGE, 1 << 20, CHUNK, PAGE_1G, bar.size] {
            let size = size.min(bar.size);
            let ours = check_ok!(sparse(bar.phys, size));
            let with_ours = Seen::now()?.since(&before)?;
            check_eq!((with_ours.areas.len(), ours.size()), (0, size));
            drop(ours);
            check_eq!(Seen::now()?, before);
            // The registry has the line that C's has.
            // SAFETY: The BAR is ours.
            let theirs = unsafe { c::iomrs_c_io_mapping_create_wc(bar.phys, size as usize) };
            check!(!theirs.is_null());
            let with_theirs = Seen::now()?.since(&before)?;
            // SAFETY: Made just above.
            unsafe { c::iomrs_c_io_mapping_free(theirs) };
            check_eq!(with_ours.registry, with_theirs.registry);
        }
        Ok(())
    }

    #[test]
    fn creation_of_a_large_aperture_maps_nothing() -> Outcome {
        let phys = nowhere().phys;
        require!(addresses(TIB));
        for size in [1 << 20, PAGE_1G, 64 * PAGE_1G, TIB] {
            let before = Seen::now()?;
            let ours = check_ok!(sparse_nowhere(size));
            let with_ours = Seen::now()?.since(&before)?;
            check!(with_ours.areas.is_empty());
            if c::iomrs_c_pat_enabled() {
                check_eq!(
                    *with_ours.registry,
                    [Reserved::new(phys, phys + size, WC)][..]
                );
            }
            drop(ours);
            check_eq!(Seen::now()?, before);
        }
        Ok(())
    }

    #[test]
    fn pages_far_into_a_large_aperture() -> Outcome {
        require!(addresses(TIB));
        let ours = check_ok!(sparse_nowhere(TIB));
        let before = Seen::now()?;
        for offset in [0, PAGE_4G - PAGE, PAGE_4G, TIB / 2 + PAGE, TIB - PAGE] {
            let phys = nowhere().phys + offset;
            let addr = check_ok!(ours.map_local(offset)).addr();
            check!(Page::at(addr).is_none());
            let local = ours.map_local(offset).map(|map| phys_at(map.addr()));
            check_eq!(local, Ok(Some(phys)));
            let atomic = ours.map_atomic(offset).map(|map| phys_at(map.addr()));
            check_eq!(atomic, Ok(Some(phys)));
            check_eq!(new_areas(&before)?, 0);
        }
        for offset in [TIB, TIB + PAGE, u64::MAX - 4095, 1] {
            check_err!(ours.map_local(offset), EINVAL);
            check_err!(ours.map(offset, PAGE), EINVAL);
        }
        require!(chunks(3));
        for offset in [TIB - PAGE, PAGE_4G, PAGE_4G - PAGE] {
            all_show(&ours, offset, nowhere().phys + offset)?;
        }
        check_eq!(new_areas(&before)?, 3);
        Ok(())
    }

    #[test]
    fn s10_slot_has_the_entry_of_c() -> Outcome {
        let range = require!(Range::reserved());
        for mode in CacheMode::ALL {
            let ours = check_ok!(with(
                Options::new(mode),
                range.phys,
                4 * PAGE,
                Strategy::Sparse
            ));
            let Some(theirs) = Theirs::map(mode, range.phys + 3 * PAGE, PAGE) else {
                fail!("C maps nothing {:?}", mode)
            };
            let expected = Page::at(theirs.addr());
            let local = check_ok!(ours.map_local(3 * PAGE));
            check_eq!(Page::at(local.addr()), expected);
            let addr = local.addr();
            drop(local);
            check!(Page::at(addr).is_none());
            let atomic = ours.map_atomic(3 * PAGE);
            let seen = atomic.map(|map| (map.addr(), Page::at(map.addr())));
            let (addr, seen) = check_ok!(seen);
            check_eq!(seen, expected);
            check!(Page::at(addr).is_none());
            check!(ours.achieved() == mode || !c::iomrs_c_pat_enabled());
        }
        Ok(())
    }

    #[test]
    fn chunk_stays_and_is_found_again() -> Outcome {
        require!(chunks(1));
        let range = require!(Range::reserved());
        let ours = check_ok!(sparse(range.phys, 4 * CHUNK));
        let before = Seen::now()?;
        let offset = CHUNK + 7 * PAGE;
        let addr = check_ok!(ours.map(offset, 3 * PAGE)).addr();
        let area = Area {
            size: CHUNK + PAGE,
            phys: if cfg!(iomrs_exported) {
                range.phys + CHUNK
            } else {
                0
            },
        };
        check_eq!(*Seen::now()?.since(&before)?.areas, [area][..]);
        if cfg!(iomrs_exported) {
            check_eq!(Page::at(addr).map(|page| page.size), Some(PAGE_2M));
        }
        check_eq!(ours.map(offset, 1).map(|map| map.addr()), Ok(addr));
        check_eq!(ours.map_local(offset).map(|map| map.addr()), Ok(addr));
        check_eq!(ours.map_atomic(offset).map(|map| map.addr()), Ok(addr));
        check_eq!(
            ours.map(CHUNK, CHUNK).map(|map| map.addr()),
            Ok(addr - 7 * PAGE as usize)
        );
        // Found without a slot, so that nobody is kept anywhere.
        let map = check_ok!(ours.map_local(offset));
        check_eq!(c::iomrs_c_migration_disabled(), 0);
        drop(map);
        check_eq!(new_areas(&before)?, 1);
        for page in 0..CHUNK / PAGE {
            all_show(&ours, CHUNK + page * PAGE, range.phys + CHUNK + page * PAGE)?;
        }
        // The next one is another chunk.
        check!(check_ok!(ours.map_local(2 * CHUNK)).addr() != addr + (CHUNK - 7 * PAGE) as usize);
        check_eq!(new_areas(&before)?, 1);
        drop(ours);
        check!(Page::at(addr).is_none());
        Ok(())
    }

    #[test]
    fn map_across_chunks_has_its_own_area() -> Outcome {
        let range = require!(Range::reserved());
        let ours = check_ok!(sparse(range.phys, 4 * CHUNK));
        let before = Seen::now()?;
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
            let addr = first.addr();
            drop((first, second));
            check_eq!(new_areas(&before)?, 0);
            check!(Page::at(addr).is_none());
        }
        Ok(())
    }

    #[test]
    fn chunks_are_aligned_in_physical_memory() -> Outcome {
        require!(chunks(3));
        let range = require!(Range::reserved());
        // From the middle of a large page to the middle of another, and a little.
        for (skew, size) in [
            (5 * PAGE, 2 * CHUNK),
            (CHUNK - PAGE, CHUNK + 2 * PAGE),
            (PAGE, CHUNK - PAGE),
            (300 * PAGE, CHUNK + 7),
        ] {
            let ours = check_ok!(sparse(range.phys + skew, size));
            let before = Seen::now()?;
            let mut edge = 0;
            let mut expected = 0;
            while edge < size {
                let next = (edge + skew + 1).next_multiple_of(CHUNK) - skew;
                let end = next.min(size);
                expected += 1;
                // The first byte and the last are in one chunk, the bytes around the edge are not.
                let first = check_ok!(ours.map(edge, end - edge)).addr();
                check_eq!(new_areas(&before)?, expected);
                check_eq!(phys_at(first), Some(range.phys + skew + edge));
                let last = (end - 1) & !(PAGE - 1);
                all_show(&ours, last, range.phys + skew + last)?;
                check_eq!(
                    check_ok!(ours.map_local(last)).addr(),
                    first + (last - edge) as usize
                );
                if end - edge == CHUNK && cfg!(iomrs_exported) {
                    check_eq!(Page::at(first).map(|page| page.size), Some(PAGE_2M));
                }
                if next < size {
                    let over = check_ok!(ours.map(next - PAGE, PAGE + 1));
                    check_eq!(phys_at(over.addr()), Some(range.phys + skew + next - PAGE));
                    check_eq!(new_areas(&before)?, expected + 1);
                }
                edge = next;
            }
            // Nothing of the last chunk is past the aperture: with whole pages at most.
            let taken: u64 = Seen::now()?
                .since(&before)?
                .areas
                .iter()
                .map(|area| area.size - PAGE)
                .sum();
            check_eq!(taken, size.next_multiple_of(PAGE));
        }
        Ok(())
    }

    #[test]
    fn trim_unmaps_all_chunks() -> Outcome {
        require!(chunks(4));
        let range = require!(Range::reserved());
        let mut ours = check_ok!(sparse(range.phys, 4 * CHUNK));
        let before = Seen::now()?;
        ours.trim();
        for _ in 0..3 {
            let mut addrs = KVec::new();
            for chunk in 0..4 {
                let addr = check_ok!(ours.map(chunk * CHUNK, CHUNK)).addr();
                check_ok!(addrs.push(addr, GFP_KERNEL));
            }
            check_eq!(new_areas(&before)?, 4);
            ours.trim();
            check_eq!(new_areas(&before)?, 0);
            for addr in addrs {
                check!(Page::at(addr).is_none());
            }
            // By slots again.
            for chunk in 0..4 {
                let local = check_ok!(ours.map_local(chunk * CHUNK));
                check_eq!(phys_at(local.addr()), Some(range.phys + chunk * CHUNK));
            }
            check_eq!(new_areas(&before)?, 0);
        }
        Ok(())
    }
}
