// SPDX-License-Identifier: GPL-2.0

//! What fails undoes its earlier steps, and an unmapping undoes all of them.

use crate::{
    c,
    support::{mappings::*, outcome::*, proc_files::*, ranges::*, translation::*},
};
use io_mapping_rs::{ioremap::Options, CacheMode};
use kernel::prelude::*;

/// How often an area is expected where the last one was.
const TRIES: u32 = 64;

/// Maps 2 MiB at `phys` over an entry that is in use, which must be refused. Returns the address of
/// the entry.
///
/// The entry is written where 2 MiB at `small`, which take small pages, have just been. If others
/// have mapped or unmapped something meanwhile the next area is elsewhere, and it is tried again.
fn map_over_populated_entry(phys: u64, small: u64) -> Outcome<usize> {
    // Why none did, for the last line.
    let (mut without_table, mut first, mut second) = (0, 0, 0);
    for _ in 0..TRIES {
        c::iomrs_c_vm_unmap_aliases();
        let addr = check_ok!(map(WC, small, PAGE_2M)).addr();
        c::iomrs_c_vm_unmap_aliases();
        let populated = addr + 5 * PAGE as usize;
        // SAFETY: The area at the address has just been freed.
        if !unsafe { c::iomrs_c_populate_entry(populated, small) } {
            without_table += 1;
            continue;
        }
        match map(WC, phys, PAGE_2M) {
            Err(err) => {
                check_eq!(err, EBUSY);
                return Ok(populated);
            }
            Ok(elsewhere) => {
                // SAFETY: The entry was written above, and has not been cleared since.
                unsafe { c::iomrs_c_clear_entry(populated) };
                check!(elsewhere.addr() != addr);
                (first, second) = (addr, elsewhere.addr());
            }
        }
    }
    fail!(
        "no area came to lie where the last one was, in {TRIES} tries, {without_table} of them without a table; \
         the last at {first:#x}, then {second:#x}"
    )
}

#[kunit_tests(iomrs_unwind)]
mod tests {
    use super::*;

    #[test]
    fn s29_mode_conflict_leaves_nothing_behind() -> Outcome {
        let range = require!(TestRange::reserved());
        require!(reserved_modes());
        for (live, options) in [
            (CacheMode::WriteBack, Options::new(WC)),
            (CacheMode::WriteBack, Options::new(WC).exact()),
            (CacheMode::UncachedMinus, Options::new(WC).exact()),
        ] {
            if cfg!(iomrs_stock) && live == CacheMode::UncachedMinus {
                // A stock kernel does not tell modules which mode they got.
                continue;
            }
            let in_c = CMapping::new(live, range.phys, PAGE_2M)?;
            let before = KernelState::now()?;
            check_err!(map_with(options, range.phys + PAGE, PAGE), EBUSY);
            check_eq!(KernelState::now()?, before);
            drop(in_c);
            check_eq!(
                check_ok!(map_with(options, range.phys + PAGE, PAGE)).achieved(),
                WC
            );
        }
        Ok(())
    }

    #[test]
    fn s29_address_space_exhausted() -> Outcome {
        if from_arena() {
            return skip(c"4K pages for all address space would take more memory than there is");
        }
        let total = require!(fillable_address_space());
        let phys = require!(TestRange::unpopulated(0)).phys;
        let size = phys.min(total / 16);
        let options = Options::new(WC).across_resources();
        let start = KernelState::now()?;
        let most = total.checked_div(size).unwrap_or(0);
        let mut kept = KVVec::new();
        let refused = loop {
            let before = KernelState::now()?;
            match map_with(options, phys, size) {
                Ok(mapping) => check_ok!(kept.push(mapping, GFP_KERNEL)),
                Err(err) => {
                    check_eq!(KernelState::now()?, before);
                    break err;
                }
            }
            check!(kept.len() as u64 <= most);
        };
        check_eq!(refused, ENOMEM);
        check!(kept.len() as u64 >= most / 2);
        kept.pop();
        c::iomrs_c_vm_unmap_aliases();
        check_ok!(map_with(options, phys, size));
        drop(kept);
        check_eq!(KernelState::now()?, start);
        Ok(())
    }

    #[test]
    fn s27_populated_entry_is_ebusy() -> Outcome {
        if from_arena() {
            return skip(c"nobody but the library writes entries of its units");
        }
        let range = require!(TestRange::reserved());
        // By small pages, and by a large one where an earlier mapping has left a table.
        for phys in [range.phys + PAGE, range.phys] {
            let start = KernelState::now()?;
            let log = c::iomrs_c_log_position();
            let populated = map_over_populated_entry(phys, range.phys + PAGE)?;
            check_eq!(KernelState::now()?, start);
            // The entry was cleared with the area, as C's unmapping does it.
            check!(!is_mapped(populated));
            drop(check_ok!(map(WC, phys, PAGE_2M)));
            check_eq!(c::iomrs_c_count_complaints(log), 0);
        }
        Ok(())
    }

    #[test]
    fn s29_unmapping_clears_the_entries() -> Outcome {
        let range = require!(TestRange::reserved());
        for size in [1, PAGE, PAGE_2M, PAGE_2M + PAGE] {
            let ours = check_ok!(map(WC, range.phys, size));
            let (first, last) = (ours.addr(), ours.addr() + size as usize - 1);
            check!(is_mapped(first) && is_mapped(last));
            drop(ours);
            check!(!is_mapped(first) && !is_mapped(last));
        }
        Ok(())
    }

    #[test]
    fn s31_unmapping_touches_no_other_mapping() -> Outcome {
        let range = require!(TestRange::reserved());
        let mut kept = KVec::new();
        for n in 0..16 {
            check_ok!(kept.push(
                (n, check_ok!(map(WC, range.phys + n * PAGE, PAGE))),
                GFP_KERNEL
            ));
        }
        while let Some((_, ours)) = kept.pop() {
            drop(ours);
            // The address can be used again at once.
            c::iomrs_c_vm_unmap_aliases();
            let again = check_ok!(map(WC, range.phys + 20 * PAGE, PAGE));
            for (n, other) in &kept {
                check_eq!(phys_at(other.addr()), Some(range.phys + n * PAGE));
            }
            drop(again);
        }
        Ok(())
    }
}
