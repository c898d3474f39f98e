// SPDX-License-Identifier: GPL-2.0

//! Reservations of cache modes: which ranges have one, and that each is freed with its mapping.

use crate::{
    c,
    support::{
        compare::*,
        mappings::*,
        outcome::*,
        proc_files::{reserved_modes, KernelState, Memtype},
        ranges::*,
        translation::*,
    },
};
use io_mapping_rs::{ioremap::Options, CacheMode};
use kernel::prelude::*;

/// Maps a reserved page of RAM by C and by the library. The kernel keeps the mode in the flags of
/// the page, so that a second mapping is refused. It changes the page's direct mapping to the mode,
/// and does not change it back.
fn compare_reserved_page(phys: u64, direct: usize) -> Outcome {
    let before = KernelState::now()?;
    let in_c = CMapping::new(WC, phys, PAGE)?;
    let (found, direct_mode) = (Translation::of(in_c.addr()), mode_at(direct)?);
    check_err!(map(WC, phys, PAGE), EBUSY);
    drop(in_c);
    check_eq!(mode_at(direct)?, direct_mode);
    if cfg!(iomrs_stock) {
        // Only write combining changes the direct mapping.
        check_err!(map(CacheMode::UncachedMinus, phys, PAGE), EPERM);
    } else {
        let other = check_ok!(map(CacheMode::UncachedMinus, phys, PAGE));
        check!(mode_at(direct)? != direct_mode);
        drop(other);
    }
    let ours = check_ok!(map(WC, phys, PAGE));
    check_eq!(
        (Translation::of(ours.addr()), mode_at(direct)?),
        (found, direct_mode)
    );
    check!(CMapping::try_new(WC, phys, PAGE).is_none());
    drop(ours);
    check_eq!(mode_at(direct)?, direct_mode);
    check_eq!(KernelState::now()?, before);
    Ok(())
}

#[kunit_tests(iomrs_reservations)]
mod tests {
    use super::*;

    #[test]
    fn s20_first_mib_is_write_back() -> Outcome {
        let (phys, size) = (0xa_0000, 0x2_0000);
        let before = KernelState::now()?;
        let options = Options::new(WC).across_resources();
        let ours = check_ok!(map_with(options, phys, size));
        check!(KernelState::now()?.since(&before)?.memtypes.is_empty());
        let in_c = CMapping::new(WC, phys, size)?;
        compare_entries(ours.addr(), in_c.addr(), size)?;
        check_reported_entries(&ours)?;
        if c::iomrs_c_pat_enabled() {
            check_eq!(ours.achieved(), CacheMode::WriteBack);
            check_err!(map_with(options.exact(), phys, size), EBUSY);
        }
        drop((ours, in_c));
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s21_reserved_page_of_ram() -> Outcome {
        require!(reserved_modes());
        let page = ReservedPage::new()?;
        compare_reserved_page(page.phys, page.direct)
    }

    #[test]
    fn s22_range_that_ends_with_physical_memory() -> Outcome {
        let end = c::iomrs_c_phys_limit();
        if end != 1 << 52 {
            return skip(
                c"the CPU's physical addresses are narrower than 52 bits (-cpu max,phys-bits=52)",
            );
        }
        let before = KernelState::now()?;
        let options = Options::new(WC).across_resources();
        for size in [PAGE, 3 * PAGE] {
            let ours = check_ok!(map_with(options, end - size, size));
            check_eq!(phys_at(ours.addr()), Some(end - size));
            drop(ours);
            check_eq!(KernelState::now()?, before);
        }
        Ok(())
    }

    #[test]
    fn s23_one_reservation_for_each_mapping() -> Outcome {
        let range = require!(TestRange::reserved());
        require!(reserved_modes());
        let before = KernelState::now()?;
        let log = c::iomrs_c_log_position();
        let reservation = |start, end| Memtype::new(range.phys + start, range.phys + end, WC);
        let whole = check_ok!(map(WC, range.phys, 4 * PAGE));
        let part = check_ok!(map(WC, range.phys + PAGE + 8, PAGE));
        let again = check_ok!(map(WC, range.phys, 4 * PAGE));
        let all = [
            reservation(0, 4 * PAGE),
            reservation(0, 4 * PAGE),
            reservation(PAGE, 3 * PAGE),
        ];
        check_eq!(KernelState::now()?.since(&before)?.memtypes[..], all[..]);
        drop(whole);
        check_eq!(KernelState::now()?.since(&before)?.memtypes[..], all[1..]);
        drop(again);
        check_eq!(KernelState::now()?.since(&before)?.memtypes[..], all[2..]);
        drop(part);
        check_eq!(KernelState::now()?, before);
        check_eq!(c::iomrs_c_count_complaints(log), 0);
        Ok(())
    }
}
