// SPDX-License-Identifier: GPL-2.0

//! Which cache mode a mapping gets where others have mapped the same range, beside what C gets.

use crate::{
    c,
    support::{
        c_bars::region_is_requested,
        compare::*,
        devices::{Device, NAME},
        mappings::*,
        outcome::*,
        proc_files::{reserved_modes, KernelState},
        ranges::*,
        translation::mode_at,
    },
};
use io_mapping_rs::{
    ioremap::Options,
    pci::{Bar, IoBar},
    CacheMode,
};
use kernel::prelude::*;

/// Returns the mode in the entry of a mapping that C makes, or `None` where C returns NULL.
fn mode_in_c(mode: CacheMode, phys: u64) -> Outcome<Option<u64>> {
    let in_c = CMapping::try_new(mode, phys, PAGE);
    in_c.map(|mapping| mode_at(mapping.addr())).transpose()
}

/// Whether a mapping in the mode `wanted` is refused while there is one in the mode `live`, whose mode
/// it would get.
fn is_refused(live: CacheMode, wanted: CacheMode) -> bool {
    let may_not_become = match wanted {
        CacheMode::UncachedMinus | WC => live == CacheMode::WriteBack,
        CacheMode::WriteThrough => matches!(live, CacheMode::WriteBack | WC),
        CacheMode::WriteBack | CacheMode::Uncached => false,
    };
    // Without PAT nobody knows of the other mapping.
    may_not_become && c::iomrs_c_pat_enabled()
}

/// Maps a page in the mode `wanted` while C has it mapped in the mode `live`, and compares with a
/// second mapping of C's.
fn compare_beside_c(range: TestRange, live: CacheMode, wanted: CacheMode) -> Outcome {
    let _live = CMapping::new(live, range.phys, PAGE)?;
    let before = KernelState::now()?;
    let in_c = CMapping::try_new(wanted, range.phys, PAGE);
    let with_c = KernelState::now()?.since(&before)?;
    let log = c::iomrs_c_log_position();
    let ours = map(wanted, range.phys, PAGE);
    check_eq!(in_c.is_none(), is_refused(live, wanted));
    match &in_c {
        None => check_err!(ours, EBUSY),
        // C maps registers with whatever mode is there.
        Some(_) if wanted.is_uncached() && !live.is_uncached() && c::iomrs_c_pat_enabled() => {
            check_err!(ours, EBUSY);
        }
        Some(in_c) => {
            let ours = check_ok!(ours);
            check_eq!(ours.requested(), wanted);
            if cfg!(iomrs_exported) {
                compare_entries(ours.addr(), in_c.addr(), PAGE)?;
                check_eq!(
                    KernelState::now()?.since(&before)?.memtypes.len(),
                    2 * with_c.memtypes.len()
                );
            }
            check_reported_entries(&ours)?;
            let exact = map_with(Options::new(wanted).exact(), range.phys, PAGE);
            if ours.achieved() == wanted {
                check_eq!(check_ok!(exact).achieved(), wanted);
            } else {
                check_err!(exact, EBUSY);
            }
        }
    }
    drop(in_c);
    check_eq!(KernelState::now()?, before);
    check_eq!(c::iomrs_c_count_complaints(log), 0);
    Ok(())
}

#[kunit_tests(iomrs_cache_modes)]
mod tests {
    use super::*;

    #[test]
    fn s18_every_mode_beside_every_mode_of_c() -> Outcome {
        let range = require!(TestRange::reserved());
        for live in CacheMode::ALL {
            for wanted in CacheMode::ALL {
                // A stock kernel lets modules reserve write combining only, and does not tell them
                // which mode they got.
                if cfg!(iomrs_exported) || wanted == WC {
                    compare_beside_c(range, live, wanted)?;
                }
            }
        }
        Ok(())
    }

    #[test]
    fn s18_c_beside_every_mode_of_ours() -> Outcome {
        let range = require!(TestRange::reserved());
        for live in CacheMode::ALL {
            if cfg!(iomrs_stock) && live != WC {
                continue;
            }
            for wanted in CacheMode::ALL {
                let beside_c = {
                    let _live = CMapping::new(live, range.phys, PAGE)?;
                    mode_in_c(wanted, range.phys)?
                };
                let _live = check_ok!(map(live, range.phys, PAGE));
                check_eq!(mode_in_c(wanted, range.phys)?, beside_c);
            }
        }
        Ok(())
    }

    #[test]
    fn s18_write_combining_becomes_uncached() -> Outcome {
        let range = require!(TestRange::reserved());
        require!(reserved_modes());
        let _registers = check_ok!(map(CacheMode::UncachedMinus, range.phys, PAGE));
        let ours = check_ok!(map(WC, range.phys, PAGE));
        check_eq!(
            (ours.requested(), ours.achieved()),
            (WC, CacheMode::UncachedMinus)
        );
        check_err!(map_with(Options::new(WC).exact(), range.phys, PAGE), EBUSY);
        Ok(())
    }

    #[test]
    fn s18_registers_are_uncached_or_refused() -> Outcome {
        let range = require!(TestRange::reserved());
        require!(reserved_modes());
        for live in CacheMode::ALL {
            // Registers in the last bytes of a page that has another mode.
            let other = check_ok!(map(live, range.phys, PAGE + 8));
            let before = KernelState::now()?;
            for wanted in [CacheMode::UncachedMinus, CacheMode::Uncached] {
                for phys in [range.phys + PAGE - 0x100, range.phys + PAGE + 0x100] {
                    let registers = map(wanted, phys, 0x100);
                    if live.is_uncached() {
                        check!(check_ok!(registers).achieved().is_uncached());
                    } else {
                        check_err!(registers, EBUSY);
                        check_err!(map_with(Options::new(wanted).exact(), phys, 0x100), EBUSY);
                    }
                    // The next page is another one.
                    let next = check_ok!(map(wanted, range.phys + 2 * PAGE, 0x100));
                    check_eq!(next.achieved(), wanted);
                }
            }
            check_eq!(KernelState::now()?, before);
            drop(other);
            check_ok!(map(CacheMode::UncachedMinus, range.phys, PAGE));
        }
        Ok(())
    }

    #[test]
    fn s18_registers_of_a_bar_are_uncached_or_refused() -> Outcome {
        let device = require!(Device::ivshmem());
        require!(reserved_modes());
        let range = device.bar(0)?;
        // As a driver has it whose device's BAR is in the same page.
        let neighbour = check_ok!(map(WC, range.phys & !(PAGE - 1), PAGE));
        let before = KernelState::now()?;
        check_err!(Bar::iomap(device.bound(), 0, 0, NAME), EBUSY);
        check_err!(IoBar::iomap(device.bound(), 0, 0, NAME), EBUSY);
        check_eq!(region_is_requested()?, false);
        check_eq!(KernelState::now()?, before);
        drop(neighbour);
        let registers = check_ok!(Bar::iomap(device.bound(), 0, 0, NAME));
        check_eq!(registers.achieved(), CacheMode::UncachedMinus);
        // And the other way round: the memory gets the mode of the registers.
        let neighbour = check_ok!(map(WC, range.phys & !(PAGE - 1), PAGE));
        check_eq!(neighbour.achieved(), CacheMode::UncachedMinus);
        Ok(())
    }

    #[test]
    fn s19_range_of_mixed_modes_is_ebusy() -> Outcome {
        let range = require!(TestRange::reserved());
        require!(reserved_modes());
        let _first = CMapping::new(CacheMode::UncachedMinus, range.phys, PAGE)?;
        let _second = CMapping::new(WC, range.phys + PAGE, PAGE)?;
        let before = KernelState::now()?;
        for mode in CacheMode::ALL {
            if cfg!(iomrs_exported) || mode == WC {
                check!(CMapping::try_new(mode, range.phys, 2 * PAGE).is_none());
                check_err!(map(mode, range.phys, 2 * PAGE), EBUSY);
                check_err!(
                    map_with(Options::new(mode).exact(), range.phys, 2 * PAGE),
                    EBUSY
                );
            }
        }
        check_eq!(KernelState::now()?, before);
        // A range of one mode can be mapped.
        check_ok!(map(WC, range.phys + PAGE, PAGE));
        Ok(())
    }

    #[test]
    fn s19_range_of_mixed_modes_of_ours_is_ebusy() -> Outcome {
        let range = require!(TestRange::reserved());
        require!(reserved_modes());
        // The first to be asked for has not been compared with anything before.
        for mode in [CacheMode::UncachedMinus, WC] {
            let first = check_ok!(map(CacheMode::UncachedMinus, range.phys, PAGE));
            let second = check_ok!(map(WC, range.phys + PAGE, PAGE));
            check_err!(map(mode, range.phys, 2 * PAGE), EBUSY);
            drop(second);
            check_eq!(
                check_ok!(map(WC, range.phys, 2 * PAGE)).achieved(),
                CacheMode::UncachedMinus
            );
            drop(first);
            check_eq!(check_ok!(map(WC, range.phys, 2 * PAGE)).achieved(), WC);
        }
        Ok(())
    }

    #[test]
    fn s19_write_back_where_an_mtrr_differs() -> Outcome {
        if cfg!(iomrs_stock) {
            return skip(c"a stock kernel lets modules reserve write combining only");
        }
        let range = require!(TestRange::reserved());
        require!(reserved_modes());
        let uncached = require!(range.uncached_by_mtrr());
        for phys in [uncached, uncached + PAGE - 8] {
            compare(CacheMode::WriteBack, phys, PAGE)?;
            let ours = check_ok!(map(CacheMode::WriteBack, phys, PAGE));
            check_eq!(ours.requested(), CacheMode::WriteBack);
            check_eq!(ours.achieved(), CacheMode::UncachedMinus);
            let exact = Options::new(CacheMode::WriteBack).exact();
            check_err!(map_with(exact, phys, PAGE), EBUSY);
        }
        Ok(())
    }

    #[test]
    fn s24_without_pat() -> Outcome {
        if c::iomrs_c_pat_enabled() {
            return skip(c"PAT is enabled: boot with nopat");
        }
        let range = require!(TestRange::reserved());
        for mode in CacheMode::ALL {
            compare(mode, range.phys, PAGE)?;
        }
        check_eq!(
            check_ok!(map(WC, range.phys, PAGE)).achieved(),
            CacheMode::UncachedMinus
        );
        Ok(())
    }

    #[test]
    fn s9_aperture_without_pat() -> Outcome {
        if c::iomrs_c_pat_enabled() {
            return skip(c"PAT is enabled: boot with nopat");
        }
        let range = require!(TestRange::reserved());
        let aperture = check_ok!(aperture(range.phys, PAGE));
        check_eq!(aperture.requested(), WC);
        check_eq!(aperture.achieved(), CacheMode::UncachedMinus);
        Ok(())
    }

    #[test]
    fn s3_achieved_is_the_mode_of_the_entry() -> Outcome {
        if cfg!(iomrs_stock) {
            return skip(c"a stock kernel does not tell modules which mode they got");
        }
        let range = require!(TestRange::reserved());
        require!(reserved_modes());
        let _registers = CMapping::new(CacheMode::UncachedMinus, range.phys, PAGE)?;
        let aperture = check_ok!(aperture(range.phys, PAGE));
        check_eq!(aperture.achieved(), CacheMode::UncachedMinus);
        if let Some(whole) = aperture.whole() {
            check_reported_entries(whole)?;
        }
        let in_c = CAperture::new(range.phys, PAGE)?;
        // SAFETY: The aperture has not been freed.
        let reported = unsafe { c::iomrs_c_io_mapping_mode(in_c.as_ptr()) };
        check_eq!(reported, c::page_cache_mode(WC));
        Ok(())
    }
}
