// SPDX-License-Identifier: GPL-2.0

//! Every step that can fail is made to fail, and takes back the steps before it.

use crate::{
    c,
    support::{compare::*, outcome::*, proc_files::Seen, ranges::*},
};
use core::ffi::CStr;
use io_mapping_rs::{ioremap::Options, CacheMode, Mapping};
use kernel::prelude::*;

const WC: CacheMode = CacheMode::WriteCombining;
/// More allocations than any mapping here makes.
pub(crate) const MANY: u32 = 64;

/// While it lives the allocations of this task can be made to fail.
pub(crate) struct Faults;

impl Faults {
    pub(crate) fn begin() -> core::result::Result<Self, &'static CStr> {
        match c::iomrs_c_fault_injection_begin() {
            0 => Ok(Self),
            _ => {
                Err(c"no /sys/kernel/debug/fail{slab,_page_alloc}: CONFIG_FAULT_INJECTION_DEBUG_FS")
            }
        }
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        c::iomrs_c_fail_from(0);
        c::iomrs_c_fault_injection_end();
    }
}

/// How often an allocation was made to fail.
#[derive(Debug, Default, PartialEq)]
struct Count {
    /// And the mapping with it.
    fatal: u32,
    /// And there was a way without it.
    tolerated: u32,
}

/// Maps again and again, with the first allocation failing, then the second, and so on until there
/// is none left to fail. After each failure nothing may be left, and the same mapping must succeed.
/// It is kept, so that the next one goes where no tables are.
fn each_allocation(map: impl Fn() -> Result<Mapping>) -> Outcome<Count> {
    let mut count = Count::default();
    let mut kept = KVec::new();
    let start = Seen::now()?;
    let log = c::iomrs_c_log_position();
    for n in 1..MANY {
        let before = Seen::now()?;
        c::iomrs_c_fail_nth(n);
        let result = map();
        let left = c::iomrs_c_fail_countdown();
        c::iomrs_c_fail_nth(0);
        match (result, left) {
            (Ok(_), 0) => count.tolerated += 1,
            (result, 0) => {
                check_err!(result, ENOMEM);
                count.fatal += 1;
            }
            (result, _) => {
                drop(check_ok!(result));
                drop(kept);
                check_eq!(Seen::now()?, start);
                check_eq!(c::iomrs_c_count_complaints(log), 0);
                return Ok(count);
            }
        }
        check_eq!(Seen::now()?, before);
        c::iomrs_c_vm_unmap_aliases();
        check_ok!(kept.push(check_ok!(map()), GFP_KERNEL));
    }
    fail!("{} allocations are too many to be true", MANY)
}

/// Maps 2 MiB at `phys` over an entry that nobody has made, and gives the entry's address. It lies
/// where 2 MiB at `small`, which take small pages, have just been; should others have come or gone
/// meanwhile, the next area is elsewhere, and it is tried again.
fn meet_planted(phys: u64, small: u64) -> Outcome<usize> {
    for _ in 0..MANY {
        c::iomrs_c_vm_unmap_aliases();
        let addr = check_ok!(ours(WC, small, PAGE_2M)).addr();
        c::iomrs_c_vm_unmap_aliases();
        let planted = addr + 5 * PAGE as usize;
        // SAFETY: The address is free just now.
        if !unsafe { c::iomrs_c_populate_entry(planted, small) } {
            continue;
        }
        match ours(WC, phys, PAGE_2M) {
            Err(err) => {
                check_eq!(err, EBUSY);
                return Ok(planted);
            }
            Ok(elsewhere) => {
                // SAFETY: Planted above, and not unmapped since.
                unsafe { c::iomrs_c_clear_entry(planted) };
                check!(elsewhere.addr() != addr);
            }
        }
    }
    fail!("no area comes to lie where one has been, in {} tries", MANY)
}

#[kunit_tests(iomrs_unwind)]
mod tests {
    use super::*;

    #[test]
    fn s29_each_allocation_of_an_ioremap() -> Outcome {
        let (faults, bar) = (require!(Faults::begin()), require!(Range::bar2()));
        // Tables are made anew where no other test has been: a table for the 2M pages of 1 GiB, one
        // for what follows, and below that one for a small page.
        let (offset, size, tables) = if cfg!(iomrs_exported) {
            (PAGE_2M, PAGE_1G + PAGE, 3)
        } else {
            // vmap_pfn() would need as much memory for its tables as there is to get as far.
            (0, 2 * PAGE_2M + PAGE, 0)
        };
        let mut away = KVec::new();
        for _ in 0..16 {
            check_ok!(away.push(Theirs::map(WC, bar.phys, 2 * PAGE_1G), GFP_KERNEL));
        }
        let count = each_allocation(|| ours(WC, bar.phys + offset, size))?;
        drop(faults);
        note(fmt!("allocations made to fail: {count:?}"));
        // A line of the registry (there is none without PAT), the area and its record, and the
        // tables.
        let registry = u32::from(c::iomrs_c_pat_enabled());
        check!(count.fatal >= registry + 2 + tables);
        drop(away);
        Ok(())
    }

    #[test]
    fn s29_each_allocation_of_a_small_ioremap() -> Outcome {
        let (faults, range) = (require!(Faults::begin()), require!(Range::reserved()));
        for mode in CacheMode::ALL {
            let count = each_allocation(|| ours(mode, range.phys + 8, PAGE))?;
            let registry = c::iomrs_c_pat_enabled() && (cfg!(iomrs_exported) || mode == WC);
            check!(count.fatal > u32::from(registry));
        }
        drop(faults);
        Ok(())
    }

    #[test]
    fn s29_as_many_allocations_as_in_c() -> Outcome {
        if cfg!(iomrs_stock) {
            return skip(c"vmap_pfn() takes a list of page frames, which C's ioremap does without");
        }
        let (faults, range) = (require!(Faults::begin()), require!(Range::reserved()));
        let points = |map: &dyn Fn() -> bool| {
            // Far more than there are: what is left tells how many there were.
            c::iomrs_c_fail_nth(1000);
            let mapped = map();
            let left = c::iomrs_c_fail_countdown();
            c::iomrs_c_fail_nth(0);
            (mapped, 1000 - left)
        };
        // The median of each: now and then a table is missing where the area comes to lie, or the
        // kernel has kept a record of an area that was there.
        let (mut theirs, mut took) = ([0; 15], [0; 15]);
        for (theirs, took) in theirs.iter_mut().zip(&mut took) {
            let by_c = points(&|| Theirs::map(WC, range.phys, PAGE).is_some());
            let by_us = points(&|| ours(WC, range.phys, PAGE).is_ok());
            check!(by_c.0 && by_us.0);
            (*theirs, *took) = (by_c.1, by_us.1);
        }
        drop(faults);
        theirs.sort_unstable();
        took.sort_unstable();
        check_eq!(took[7], theirs[7]);
        Ok(())
    }

    #[test]
    fn s29_each_allocation_with_reserved_ram() -> Outcome {
        if cfg!(iomrs_stock) {
            return skip(c"vmap_pfn() refuses pages with a struct page");
        }
        let faults = require!(Faults::begin());
        let mut pages = KVec::new();
        for n in 1..MANY {
            // One for which the kernel's own mapping has a large entry, which must be split.
            let page = loop {
                let page = ReservedPage::new()?;
                if Page::at(page.direct).is_some_and(|at| at.size > PAGE) {
                    break page;
                }
                check_ok!(pages.push(page, GFP_KERNEL));
                check!(pages.len() < 4 * MANY as usize);
            };
            let before = Seen::now()?;
            c::iomrs_c_fail_nth(n);
            let result = ours(WC, page.phys, PAGE);
            let left = c::iomrs_c_fail_countdown();
            c::iomrs_c_fail_nth(0);
            let outcome = result.map(drop);
            check_eq!(Seen::now()?, before);
            // The page's own record must be free again: another mode is to be had.
            check_ok!(ours(CacheMode::UncachedMinus, page.phys, PAGE));
            check_ok!(pages.push(page, GFP_KERNEL));
            if left != 0 {
                drop(faults);
                check_eq!(outcome, Ok(()));
                // The area, and a table for the kernel's own mapping.
                check!(n > 2);
                return Ok(());
            }
            check!(outcome.is_ok() || outcome == Err(ENOMEM));
        }
        fail!("{} allocations are too many to be true", MANY)
    }

    #[test]
    fn s29_mode_conflict_leaves_nothing_behind() -> Outcome {
        let range = require!(Range::reserved());
        if !c::iomrs_c_pat_enabled() {
            return skip(c"no PAT, so no registry");
        }
        for (live, options) in [
            (CacheMode::WriteBack, Options::new(WC)),
            (CacheMode::WriteBack, Options::new(WC).exact()),
            (CacheMode::UncachedMinus, Options::new(WC).exact()),
        ] {
            if cfg!(iomrs_stock) && live == CacheMode::UncachedMinus {
                // Not told what became of the reservation.
                continue;
            }
            let theirs = Theirs::map(live, range.phys, PAGE_2M);
            let before = Seen::now()?;
            check_err!(map(options, range.phys + PAGE, PAGE), EBUSY);
            check_eq!(Seen::now()?, before);
            drop(theirs);
            check_eq!(
                check_ok!(map(options, range.phys + PAGE, PAGE)).achieved(),
                WC
            );
        }
        Ok(())
    }

    #[test]
    fn s29_address_space_exhausted() -> Outcome {
        if cfg!(iomrs_stock) {
            return skip(c"4K pages for all address space would take more memory than there is");
        }
        let total = c::iomrs_c_vmalloc_total() as u64;
        if total > 64 << 40 || c::iomrs_c_largest_page_shift() != PAGE_1G.trailing_zeros() {
            return skip(c"too much address space to fill (no5lvl), or no 1G pages");
        }
        // No RAM and no device is in the upper half of what can be addressed.
        let half = c::iomrs_c_phys_limit() / 2;
        let size = half.min(total / 16);
        let options = Options::new(WC).across_resources();
        let start = Seen::now()?;
        let most = total.checked_div(size).unwrap_or(0);
        let mut kept = KVVec::new();
        let refused = loop {
            let before = Seen::now()?;
            match map(options, half, size) {
                Ok(mapping) => check_ok!(kept.push(mapping, GFP_KERNEL)),
                Err(err) => {
                    check_eq!(Seen::now()?, before);
                    break err;
                }
            }
            check!(kept.len() as u64 <= most);
        };
        check_eq!(refused, ENOMEM);
        check!(kept.len() as u64 >= most / 2);
        kept.pop();
        c::iomrs_c_vm_unmap_aliases();
        check_ok!(map(options, half, size));
        drop(kept);
        check_eq!(Seen::now()?, start);
        Ok(())
    }

    #[test]
    fn s27_populated_entry_is_ebusy() -> Outcome {
        if cfg!(iomrs_stock) {
            return skip(c"vmap_pfn() does not look at what was there");
        }
        let range = require!(Range::reserved());
        // Small pages, and a large one where an earlier mapping has left a table.
        for phys in [range.phys + PAGE, range.phys] {
            let start = Seen::now()?;
            let log = c::iomrs_c_log_position();
            let planted = meet_planted(phys, range.phys + PAGE)?;
            check_eq!(Seen::now()?, start);
            // What was there went with the area, as C's unmapping does it.
            check!(Page::at(planted).is_none());
            c::iomrs_c_vm_unmap_aliases();
            drop(check_ok!(ours(WC, phys, PAGE_2M)));
            check_eq!(c::iomrs_c_count_complaints(log), 0);
        }
        Ok(())
    }

    #[test]
    fn s29_unmapping_clears_the_entries() -> Outcome {
        let range = require!(Range::reserved());
        for size in [1, PAGE, PAGE_2M, PAGE_2M + PAGE] {
            let ours = check_ok!(ours(WC, range.phys, size));
            let (first, last) = (ours.addr(), ours.addr() + size as usize - 1);
            check!(Page::at(first).is_some() && Page::at(last).is_some());
            drop(ours);
            check!(Page::at(first).is_none() && Page::at(last).is_none());
        }
        Ok(())
    }

    #[test]
    fn s31_unmapping_touches_no_other_mapping() -> Outcome {
        let range = require!(Range::reserved());
        let mut kept = KVec::new();
        for n in 0..16 {
            check_ok!(kept.push(
                (n, check_ok!(ours(WC, range.phys + n * PAGE, PAGE))),
                GFP_KERNEL
            ));
        }
        while let Some((_, ours)) = kept.pop() {
            drop(ours);
            // Addresses may be used again at once.
            c::iomrs_c_vm_unmap_aliases();
            let again = check_ok!(crate::support::compare::ours(
                WC,
                range.phys + 20 * PAGE,
                PAGE
            ));
            for (n, other) in &kept {
                check_eq!(
                    Page::at(other.addr()).map(|page| page.phys),
                    Some(range.phys + n * PAGE)
                );
            }
            drop(again);
        }
        Ok(())
    }
}
