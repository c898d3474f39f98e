// SPDX-License-Identifier: GPL-2.0

//! Cache modes: what becomes of a request when others map the same range, beside what C makes of
//! it.

use crate::{
    c,
    support::{
        compare::*,
        outcome::*,
        proc_files::{Reserved, Seen},
        ranges::*,
    },
};
use io_mapping_rs::{ioremap::Options, CacheMode};
use kernel::prelude::*;

const WC: CacheMode = CacheMode::WriteCombining;

/// The cache mode of the page at `addr`, by a mapping of C's of which it is known.
fn mode_at(addr: usize) -> Outcome<u64> {
    const CACHE_BITS: u64 = 1 << 3 | 1 << 4 | 1 << 7;
    match Page::at(addr) {
        Some(page) => Ok(page.bits & CACHE_BITS),
        None => fail!("{:#x} is not mapped", addr),
    }
}

/// Asks for `wanted` where a mapping of mode `live` is: C and we do the same.
fn with_live(range: Range, live: CacheMode, wanted: CacheMode) -> Outcome {
    let Some(_live) = Theirs::map(live, range.phys, PAGE) else {
        fail!("C maps nothing {:?}", live)
    };
    let before = Seen::now()?;
    let theirs = Theirs::map(wanted, range.phys, PAGE);
    let lines = Seen::now()?.since(&before)?;
    let log = c::iomrs_c_log_position();
    let ours = ours(wanted, range.phys, PAGE);
    match &theirs {
        None => check_err!(ours, EBUSY),
        Some(theirs) => {
            let ours = check_ok!(ours);
            check_eq!(ours.requested(), wanted);
            if cfg!(iomrs_exported) {
                same_entries(ours.addr(), theirs.addr(), PAGE)?;
                check_eq!(
                    Seen::now()?.since(&before)?.registry.len(),
                    2 * lines.registry.len()
                );
            }
            told_truly(&ours)?;
            let exact = map(Options::new(wanted).exact(), range.phys, PAGE);
            if ours.achieved() == wanted {
                check_eq!(check_ok!(exact).achieved(), wanted);
            } else {
                check_err!(exact, EBUSY);
            }
        }
    }
    drop(theirs);
    check_eq!(Seen::now()?, before);
    check_eq!(c::iomrs_c_count_complaints(log), 0);
    Ok(())
}

#[kunit_tests(iomrs_registry)]
mod tests {
    use super::*;

    #[test]
    fn s18_every_mode_beside_every_mode_of_c() -> Outcome {
        let range = require!(Range::reserved());
        for live in CacheMode::ALL {
            for wanted in CacheMode::ALL {
                // A stock kernel tells modules of write combining only, and not what became of it.
                if cfg!(iomrs_exported) || wanted == WC {
                    with_live(range, live, wanted)?;
                }
            }
        }
        Ok(())
    }

    #[test]
    fn s18_c_beside_every_mode_of_ours() -> Outcome {
        let range = require!(Range::reserved());
        for live in CacheMode::ALL {
            if cfg!(iomrs_stock) && live != WC {
                continue;
            }
            for wanted in CacheMode::ALL {
                let beside_c = {
                    let _live = Theirs::map(live, range.phys, PAGE);
                    let theirs = Theirs::map(wanted, range.phys, PAGE);
                    theirs.map(|theirs| mode_at(theirs.addr())).transpose()?
                };
                let _live = check_ok!(ours(live, range.phys, PAGE));
                let theirs = Theirs::map(wanted, range.phys, PAGE);
                check_eq!(
                    theirs.map(|theirs| mode_at(theirs.addr())).transpose()?,
                    beside_c
                );
            }
        }
        Ok(())
    }

    #[test]
    fn s18_write_combining_becomes_uncached() -> Outcome {
        if cfg!(iomrs_stock) {
            return skip(c"a stock kernel does not tell modules what became of a reservation");
        }
        let range = require!(Range::reserved());
        if !c::iomrs_c_pat_enabled() {
            return skip(c"no PAT, so no registry");
        }
        let _registers = check_ok!(ours(CacheMode::UncachedMinus, range.phys, PAGE));
        let ours = check_ok!(ours(WC, range.phys, PAGE));
        check_eq!(
            (ours.requested(), ours.achieved()),
            (WC, CacheMode::UncachedMinus)
        );
        check_err!(map(Options::new(WC).exact(), range.phys, PAGE), EBUSY);
        Ok(())
    }

    #[test]
    fn s19_range_of_mixed_modes_is_ebusy() -> Outcome {
        let range = require!(Range::reserved());
        if !c::iomrs_c_pat_enabled() {
            return skip(c"no PAT, so no registry");
        }
        let _first = Theirs::map(CacheMode::UncachedMinus, range.phys, PAGE);
        let _second = Theirs::map(WC, range.phys + PAGE, PAGE);
        let before = Seen::now()?;
        for mode in CacheMode::ALL {
            if cfg!(iomrs_exported) || mode == WC {
                check!(Theirs::map(mode, range.phys, 2 * PAGE).is_none());
                check_err!(ours(mode, range.phys, 2 * PAGE), EBUSY);
                check_err!(map(Options::new(mode).exact(), range.phys, 2 * PAGE), EBUSY);
            }
        }
        check_eq!(Seen::now()?, before);
        // Each alone is to be had.
        check_ok!(ours(WC, range.phys + PAGE, PAGE));
        Ok(())
    }

    #[test]
    fn s19_write_back_where_an_mtrr_differs() -> Outcome {
        if cfg!(iomrs_stock) {
            return skip(c"a stock kernel lets modules reserve write combining only");
        }
        // The hole below 4 GiB where this BAR lies is uncached by MTRR.
        let bar = require!(Range::bar0());
        let Some(theirs) = Theirs::map(CacheMode::WriteBack, bar.phys, bar.size) else {
            // C does not let WB become UC-; neither do we.
            check_err!(ours(CacheMode::WriteBack, bar.phys, bar.size), EBUSY);
            return Ok(());
        };
        let ours = check_ok!(ours(CacheMode::WriteBack, bar.phys, bar.size));
        same_entries(ours.addr(), theirs.addr(), bar.size)?;
        if ours.achieved() == CacheMode::WriteBack {
            return skip(c"this BAR is write-back by MTRR");
        }
        check_eq!(ours.achieved(), CacheMode::UncachedMinus);
        let exact = Options::new(CacheMode::WriteBack).exact();
        check_err!(map(exact, bar.phys, bar.size), EBUSY);
        Ok(())
    }

    #[test]
    fn s20_first_mib_is_write_back() -> Outcome {
        let (phys, size) = (0xa_0000, 0x2_0000);
        if cfg!(iomrs_stock) && c::iomrs_c_has_struct_page(phys) {
            check_err!(ours(WC, phys, size), EPERM);
            return skip(c"640K to 1M has struct pages, which vmap_pfn() refuses");
        }
        let before = Seen::now()?;
        let options = Options::new(WC).across_resources();
        let ours = check_ok!(map(options, phys, size));
        check!(Seen::now()?.since(&before)?.registry.is_empty());
        let Some(theirs) = Theirs::map(WC, phys, size) else {
            fail!("C maps nothing")
        };
        same_entries(ours.addr(), theirs.addr(), size)?;
        told_truly(&ours)?;
        if c::iomrs_c_pat_enabled() {
            check_eq!(ours.achieved(), CacheMode::WriteBack);
            check_err!(map(options.exact(), phys, size), EBUSY);
        }
        drop((ours, theirs));
        check_eq!(Seen::now()?, before);
        Ok(())
    }

    #[test]
    fn s21_reserved_page_of_ram() -> Outcome {
        if !c::iomrs_c_pat_enabled() {
            return skip(c"no PAT, so no modes in the flags of pages");
        }
        let page = ReservedPage::new()?;
        with_reserved_page(&page)
    }

    /// The mode is kept in the page, so that a second mapping is refused; the kernel's own mapping
    /// of the page follows, and stays so.
    fn with_reserved_page(page: &ReservedPage) -> Outcome {
        let (phys, direct) = (page.phys, page.direct);
        if cfg!(iomrs_stock) {
            check_err!(ours(WC, phys, PAGE), EPERM);
            return Ok(());
        }
        let before = Seen::now()?;
        let Some(theirs) = Theirs::map(WC, phys, PAGE) else {
            fail!("C maps nothing")
        };
        let (bits, direct_bits) = (Page::at(theirs.addr()), mode_at(direct)?);
        check_err!(ours(WC, phys, PAGE), EBUSY);
        drop(theirs);
        check_eq!(mode_at(direct)?, direct_bits);
        let other = check_ok!(ours(CacheMode::UncachedMinus, phys, PAGE));
        check!(mode_at(direct)? != direct_bits);
        drop(other);
        let ours = check_ok!(ours(WC, phys, PAGE));
        check_eq!(
            (Page::at(ours.addr()), mode_at(direct)?),
            (bits, direct_bits)
        );
        check!(Theirs::map(WC, phys, PAGE).is_none());
        drop(ours);
        check_eq!(mode_at(direct)?, direct_bits);
        check_eq!(Seen::now()?, before);
        Ok(())
    }

    #[test]
    fn s22_range_that_ends_with_physical_memory() -> Outcome {
        let end = c::iomrs_c_phys_limit();
        if end != 1 << 52 {
            return skip(
                c"the CPU's physical addresses are narrower than 52 bits (-cpu max,phys-bits=52)",
            );
        }
        let before = Seen::now()?;
        let options = Options::new(WC).across_resources();
        for size in [PAGE, 3 * PAGE] {
            let ours = check_ok!(map(options, end - size, size));
            check_eq!(
                Page::at(ours.addr()).map(|page| page.phys),
                Some(end - size)
            );
            drop(ours);
            check_eq!(Seen::now()?, before);
        }
        Ok(())
    }

    #[test]
    fn s23_one_reservation_for_each_mapping() -> Outcome {
        let range = require!(Range::reserved());
        if !c::iomrs_c_pat_enabled() {
            return skip(c"no PAT, so no registry");
        }
        let before = Seen::now()?;
        let log = c::iomrs_c_log_position();
        let line = |start, end| Reserved::new(range.phys + start, range.phys + end, WC);
        let whole = check_ok!(ours(WC, range.phys, 4 * PAGE));
        let part = check_ok!(ours(WC, range.phys + PAGE + 8, PAGE));
        let again = check_ok!(ours(WC, range.phys, 4 * PAGE));
        let all = [line(0, 4 * PAGE), line(0, 4 * PAGE), line(PAGE, 3 * PAGE)];
        check_eq!(Seen::now()?.since(&before)?.registry[..], all[..]);
        drop(whole);
        check_eq!(Seen::now()?.since(&before)?.registry[..], all[1..]);
        drop(again);
        check_eq!(Seen::now()?.since(&before)?.registry[..], all[2..]);
        drop(part);
        check_eq!(Seen::now()?, before);
        check_eq!(c::iomrs_c_count_complaints(log), 0);
        Ok(())
    }

    #[test]
    fn s24_without_pat() -> Outcome {
        if c::iomrs_c_pat_enabled() {
            return skip(c"PAT is enabled: boot with nopat");
        }
        let range = require!(Range::reserved());
        for mode in CacheMode::ALL {
            compare(mode, range.phys, PAGE)?;
        }
        check_eq!(
            check_ok!(ours(WC, range.phys, PAGE)).achieved(),
            CacheMode::UncachedMinus
        );
        Ok(())
    }

    #[test]
    fn s9_aperture_without_pat() -> Outcome {
        if c::iomrs_c_pat_enabled() {
            return skip(c"PAT is enabled: boot with nopat");
        }
        let range = require!(Range::reserved());
        let aperture = check_ok!(aperture(range.phys, PAGE));
        check_eq!(aperture.requested(), WC);
        check_eq!(aperture.achieved(), CacheMode::UncachedMinus);
        Ok(())
    }

    #[test]
    fn s3_achieved_is_the_mode_of_the_entry() -> Outcome {
        if cfg!(iomrs_stock) {
            return skip(c"a stock kernel does not tell modules what became of a reservation");
        }
        let range = require!(Range::reserved());
        if !c::iomrs_c_pat_enabled() {
            return skip(c"no PAT, so no registry");
        }
        let _registers = Theirs::map(CacheMode::UncachedMinus, range.phys, PAGE);
        let aperture = check_ok!(aperture(range.phys, PAGE));
        check_eq!(aperture.achieved(), CacheMode::UncachedMinus);
        if let Some(whole) = aperture.whole() {
            told_truly(whole)?;
        }
        // SAFETY: The range is ours, and what C gives is freed here.
        let theirs = unsafe {
            let theirs = c::iomrs_c_io_mapping_create_wc(range.phys, PAGE as usize);
            check!(!theirs.is_null());
            let mode = c::iomrs_c_io_mapping_mode(theirs);
            c::iomrs_c_io_mapping_free(theirs);
            mode
        };
        check_eq!(theirs, raw(WC));
        Ok(())
    }
}
