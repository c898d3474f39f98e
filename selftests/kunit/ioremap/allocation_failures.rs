// SPDX-License-Identifier: GPL-2.0

//! Every allocation of a mapping is made to fail. Nothing may be left behind.

use crate::{
    c,
    support::{
        devices::ivshmem_bar, faults::*, mappings::*, outcome::*, proc_files::KernelState,
        ranges::*, translation::Translation,
    },
};
use io_mapping_rs::{CacheMode, Mapping};
use kernel::prelude::*;

/// How many allocations were made to fail.
#[derive(Debug, Default, PartialEq)]
struct Count {
    /// The mapping failed, too.
    fatal: u32,
    /// The mapping was made without it.
    tolerated: u32,
}

/// The most mappings by which C takes address space from a test.
const MAX_USED: usize = 1024;

/// Maps again and again while the first allocation fails, then the second, and so on until there is
/// none left to fail.
///
/// After each failure nothing may be left behind, and the same mapping must succeed. It is kept, so
/// that the area of the next one is where no page tables are.
fn fail_each_allocation(
    faults: &FaultInjection,
    make: impl Fn() -> Result<Mapping>,
) -> Outcome<Count> {
    let mut count = Count::default();
    let mut kept = KVec::new();
    let start = KernelState::now()?;
    let log = c::iomrs_c_log_position();
    for n in 1..MAX_ALLOCATIONS {
        let before = KernelState::now()?;
        let mut result = faults.run(Fail::Nth(n), &make);
        if matches!(result, (Ok(_), 0)) {
            // Again: what the library allocates once for many mappings is there now.
            drop(result);
            result = faults.run(Fail::Nth(n), &make);
        }
        match result {
            (Ok(mapping), 0) => {
                drop(mapping);
                count.tolerated += 1;
            }
            (result, 0) => {
                check_err!(result, ENOMEM);
                count.fatal += 1;
            }
            (result, _) => {
                drop(check_ok!(result));
                drop(kept);
                check_eq!(KernelState::now()?, start);
                check_eq!(c::iomrs_c_count_complaints(log), 0);
                return Ok(count);
            }
        }
        check_eq!(KernelState::now()?, before);
        check_ok!(kept.push(check_ok!(make()), GFP_KERNEL));
    }
    fail!("more than {MAX_ALLOCATIONS} allocations")
}

/// Returns a reserved page to which the kernel's direct mapping has a large entry, which must be
/// split to change the mode of the page. `tried` becomes what was found before it.
fn reserved_page_in_large_entry(tried: &mut KVec<ReservedPage>) -> Outcome<ReservedPage> {
    loop {
        let page = ReservedPage::new()?;
        if Translation::of(page.direct).is_some_and(|found| found.page_size > PAGE) {
            return Ok(page);
        }
        check_ok!(tried.push(page, GFP_KERNEL));
        check!(tried.len() < 4 * MAX_ALLOCATIONS as usize);
    }
}

#[kunit_tests(iomrs_allocation_failures)]
mod tests {
    use super::*;

    #[test]
    fn s29_each_allocation_of_an_ioremap() -> Outcome {
        let (faults, bar) = (require!(FaultInjection::begin()), require!(ivshmem_bar(2)));
        // All page tables may be missing: one for the 2M pages of 1 GiB, one for what follows, and
        // below that one for a small page.
        let (offset, size, tables) = if !from_arena() {
            require!(much_address_space());
            (PAGE_2M, PAGE_1G + PAGE, 3)
        } else {
            (0, 2 * PAGE_2M + PAGE, 0)
        };
        // The reservation, where PAT is enabled, the area and its record, and the tables. The arena has
        // all but the first, or makes them for many mappings.
        let reservation = u32::from(c::iomrs_c_pat_enabled());
        let area = if from_arena() { 0 } else { 2 };
        let all = reservation + area + tables;
        // Where other tests have been tables are there already. So C takes that address space, until
        // a mapping comes to lie where nobody has been.
        let mut used = KVec::new();
        let mut count = Count::default();
        while count.fatal < all && used.len() < MAX_USED {
            for _ in 0..16 {
                let mapping = CMapping::new(WC, bar.phys + offset, size)?;
                check_ok!(used.push(mapping, GFP_KERNEL));
            }
            count = fail_each_allocation(&faults, || map(WC, bar.phys + offset, size))?;
            note(fmt!("allocations made to fail: {count:?}"));
        }
        drop(faults);
        check!(count.fatal >= all);
        drop(used);
        Ok(())
    }

    #[test]
    fn s29_each_allocation_of_a_small_ioremap() -> Outcome {
        let faults = require!(FaultInjection::begin());
        let range = require!(TestRange::reserved());
        for mode in CacheMode::ALL {
            let count = fail_each_allocation(&faults, || map(mode, range.phys + 8, PAGE))?;
            let reserved = c::iomrs_c_pat_enabled() && (cfg!(iomrs_exported) || mode == WC);
            check!(count.fatal >= u32::from(reserved) + u32::from(!from_arena()));
        }
        drop(faults);
        Ok(())
    }

    #[test]
    fn s29_as_many_allocations_as_in_c() -> Outcome {
        if from_arena() {
            return skip(c"the arena makes a unit for many mappings at once");
        }
        // Far more than there are: the rest of the countdown tells how many there were.
        const FAR: u32 = 1000;
        let faults = require!(FaultInjection::begin());
        let range = require!(TestRange::reserved());
        // C's mapping and ours are made one after the other, and the median of the differences counts.
        // Now and then one of the two finds what the other does not: the kernel has kept a record of
        // an area, or a page table is missing where the area comes to lie.
        let mut more_than_c = [0i64; 15];
        for more in &mut more_than_c {
            let c_mapping = || CMapping::try_new(WC, range.phys, PAGE).is_some();
            let (mapped, left_by_c) = faults.run(Fail::Nth(FAR), c_mapping);
            check!(mapped);
            let our_mapping = || map(WC, range.phys, PAGE).is_ok();
            let (mapped, left) = faults.run(Fail::Nth(FAR), our_mapping);
            check!(mapped);
            check!(left_by_c < FAR && left < FAR);
            *more = i64::from(left_by_c) - i64::from(left);
        }
        drop(faults);
        more_than_c.sort_unstable();
        note(fmt!("allocations more than C's: {more_than_c:?}"));
        check_eq!(more_than_c[7], 0);
        Ok(())
    }

    #[test]
    fn s29_each_allocation_with_reserved_ram() -> Outcome {
        let faults = require!(FaultInjection::begin());
        let mut pages = KVec::new();
        for n in 1..MAX_ALLOCATIONS {
            let page = reserved_page_in_large_entry(&mut pages)?;
            let before = KernelState::now()?;
            let (result, left) = faults.run(Fail::Nth(n), || map(WC, page.phys, PAGE).map(drop));
            check_eq!(KernelState::now()?, before);
            // The mode is not kept in the page's flags any more: another can be reserved.
            if cfg!(iomrs_exported) {
                check_ok!(map(CacheMode::UncachedMinus, page.phys, PAGE));
            }
            check_ok!(map(WC, page.phys, PAGE));
            check_ok!(pages.push(page, GFP_KERNEL));
            if left != 0 {
                drop(faults);
                check_eq!(result, Ok(()));
                // The area, and a table for the direct mapping.
                check!(n > if from_arena() { 1 } else { 2 });
                return Ok(());
            }
            // A stock kernel says EBUSY where it cannot split its own mapping.
            let is_split_error = cfg!(iomrs_stock) && result == Err(EBUSY);
            check!(result.is_ok() || result == Err(ENOMEM) || is_split_error);
        }
        fail!("more than {MAX_ALLOCATIONS} allocations")
    }
}
