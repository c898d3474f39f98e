// SPDX-License-Identifier: GPL-2.0

//! What the ioremap path refuses, beside what C's refuses.

use crate::{
    c,
    support::{compare::*, outcome::*, proc_files::Seen, ranges::*},
};
use io_mapping_rs::{ioremap::Options, CacheMode, IoMapping, Strategy};
use kernel::prelude::*;

/// What every refusal has in common: the errno, nothing left behind, nothing said in the log.
fn refuses(options: Options, phys: u64, size: u64, errno: Error) -> Outcome {
    let before = Seen::now()?;
    let log = c::iomrs_c_log_position();
    check_err!(map(options, phys, size), errno);
    // SAFETY: As above, it is refused.
    check_err!(unsafe { options.map_read_only(phys, size) }, errno);
    let (base, skipped) = (phys & !(PAGE - 1), phys % PAGE);
    // SAFETY: As above, it is refused.
    let aperture = unsafe { IoMapping::with_strategy(base, size + skipped, options, strategy()) };
    // Of an aperture that is not mapped as such, no part may be more than there is room for.
    if strategy() == Strategy::Whole || errno != ENOMEM {
        check_err!(aperture, errno);
    }
    check_eq!(c::iomrs_c_count_complaints(log), 0);
    check_eq!(Seen::now()?, before);
    Ok(())
}

/// Refused in every mode by us, and by C, which may warn.
fn both_refuse(phys: u64, size: u64, errno: Error) -> Outcome {
    for mode in CacheMode::ALL {
        refuses(Options::new(mode), phys, size, errno)?;
        refuses(
            Options::new(mode).exact().across_resources(),
            phys,
            size,
            errno,
        )?;
        let muted = c::iomrs_c_suppress_warnings();
        let theirs = Theirs::map(mode, phys, size);
        // SAFETY: Muted just now.
        unsafe { c::iomrs_c_end_suppress_warnings(muted) };
        check!(theirs.is_none());
    }
    Ok(())
}

#[kunit_tests(iomrs_refusals)]
mod tests {
    use super::*;

    #[test]
    fn s12_zero_size_is_einval() -> Outcome {
        let range = require!(Range::reserved());
        both_refuse(range.phys, 0, EINVAL)?;
        both_refuse(0, 0, EINVAL)?;
        check_err!(ours(CacheMode::WriteBack, range.phys + 1, 0), EINVAL);
        Ok(())
    }

    #[test]
    fn s12_wrap_is_einval() -> Outcome {
        both_refuse(u64::MAX - 4095, 4097, EINVAL)?;
        both_refuse(u64::MAX - 4095, u64::MAX, EINVAL)?;
        both_refuse(0x1000, u64::MAX - 0xffe, EINVAL)?;
        for mode in CacheMode::ALL {
            check_err!(ours(mode, u64::MAX, 2), EINVAL);
            check!(Theirs::map(mode, u64::MAX, 2).is_none());
        }
        Ok(())
    }

    #[test]
    fn s12_huge_size_is_erange() -> Outcome {
        let range = require!(Range::reserved());
        let options = Options::new(CacheMode::WriteCombining).across_resources();
        refuses(options, range.phys, u64::MAX - range.phys, ERANGE)?;
        refuses(options, range.phys, 1 << 63, ERANGE)
    }

    #[test]
    fn s13_last_byte_past_the_width_is_erange() -> Outcome {
        let width = c::iomrs_c_phys_limit();
        let options = Options::new(CacheMode::UncachedMinus).across_resources();
        refuses(options, width - PAGE, PAGE + 1, ERANGE)?;
        refuses(options, width - PAGE_2M, 2 * PAGE_2M, ERANGE)?;
        check_err!(map(options, width - 1, 2), ERANGE);
        Ok(())
    }

    #[test]
    fn s13_first_byte_past_the_width_is_erange() -> Outcome {
        let width = c::iomrs_c_phys_limit();
        both_refuse(width, PAGE, ERANGE)?;
        both_refuse(1 << 63, PAGE, ERANGE)?;
        both_refuse(u64::MAX - 4095, 4096, ERANGE)
    }

    #[test]
    fn s13_last_byte_within_the_width_is_mapped() -> Outcome {
        let last = c::iomrs_c_phys_limit() - PAGE;
        let before = Seen::now()?;
        let options = Options::new(CacheMode::UncachedMinus).across_resources();
        let ours = check_ok!(map(options, last, PAGE));
        check_eq!(Page::at(ours.addr()).map(|page| page.phys), Some(last));
        drop(ours);
        check_eq!(Seen::now()?, before);
        Ok(())
    }

    #[test]
    fn s14_system_ram_is_eperm() -> Outcome {
        let ram = c::iomrs_c_ram_page();
        both_refuse(ram, PAGE, EPERM)?;
        both_refuse(ram - PAGE, 3 * PAGE, EPERM)?;
        // C looks at whole pages only and would map these.
        refuses(Options::new(CacheMode::UncachedMinus), ram + 8, 4, EPERM)?;
        refuses(Options::new(CacheMode::UncachedMinus), ram - 8, 16, EPERM)
    }

    #[test]
    fn s14_ram_at_the_end_is_eperm() -> Outcome {
        let range = require!(Range::reserved());
        let options = Options::new(CacheMode::WriteCombining).across_resources();
        // What follows the range that was set aside is the kernel's own.
        refuses(options, range.phys + range.size - PAGE, 2 * PAGE, EPERM)?;
        refuses(options, range.phys - PAGE, 2 * PAGE, EPERM)
    }

    #[test]
    fn s28_range_leaving_its_resource_is_einval() -> Outcome {
        let bar = require!(Range::bar2());
        let end = bar.phys + bar.size;
        let options = Options::new(CacheMode::WriteCombining);
        refuses(options, end - PAGE, 2 * PAGE, EINVAL)?;
        refuses(options, bar.phys - PAGE, 2 * PAGE, EINVAL)?;
        refuses(options, bar.phys - PAGE, bar.size + 2 * PAGE, EINVAL)
    }

    #[test]
    fn s28_range_leaving_its_resource_if_asked_for() -> Outcome {
        let bar = require!(Range::bar2());
        let end = bar.phys + bar.size;
        let before = Seen::now()?;
        let log = c::iomrs_c_log_position();
        // arch_io_reserve_memtype_wc() would warn.
        let mode = if cfg!(iomrs_stock) {
            refuses(
                Options::new(CacheMode::WriteCombining).across_resources(),
                end - PAGE,
                2 * PAGE,
                EINVAL,
            )?;
            CacheMode::UncachedMinus
        } else {
            CacheMode::WriteCombining
        };
        for phys in [end - PAGE, bar.phys - PAGE] {
            let ours = check_ok!(map(Options::new(mode).across_resources(), phys, 2 * PAGE));
            check_eq!(Page::at(ours.addr()).map(|page| page.phys), Some(phys));
            let Some(theirs) = Theirs::map(mode, phys, 2 * PAGE) else {
                fail!("C maps nothing")
            };
            same_entries(ours.addr(), theirs.addr(), 2 * PAGE)?;
        }
        check_eq!(Seen::now()?, before);
        // One for each range, by C alone.
        check_eq!(c::iomrs_c_count_complaints(log), 2);
        Ok(())
    }

    #[test]
    fn s28_range_inside_its_resource() -> Outcome {
        let bar = require!(Range::bar2());
        let end = bar.phys + bar.size;
        for (phys, size) in [
            (bar.phys, 1),
            (end - 1, 1),
            (end - PAGE - 8, 16),
            (bar.phys, PAGE_2M),
        ] {
            compare(CacheMode::WriteCombining, phys, size)?;
        }
        Ok(())
    }

    #[test]
    fn s29_size_beyond_address_space_is_enomem() -> Outcome {
        let total = c::iomrs_c_vmalloc_total() as u64;
        let options = Options::new(CacheMode::UncachedMinus).across_resources();
        let start = 1 << 36;
        if start + total + PAGE >= c::iomrs_c_phys_limit() {
            return skip(
                c"all physical addresses fit into address space (no5lvl, -cpu max,phys-bits=52)",
            );
        }
        refuses(options, start, total + PAGE, ENOMEM)?;
        refuses(options, start, total, ENOMEM)
    }

    #[test]
    fn s4_each_failure_has_its_errno() -> Outcome {
        let range = require!(Range::reserved());
        let width = c::iomrs_c_phys_limit();
        let new = aperture;
        check_err!(new(range.phys, 0), EINVAL);
        check_err!(new(u64::MAX - 4095, 8192), EINVAL);
        check_err!(new(range.phys + 1, PAGE), EINVAL);
        check_err!(new(range.phys + 2048, PAGE), EINVAL);
        check_err!(new(c::iomrs_c_ram_page(), PAGE), EPERM);
        check_err!(new(width, PAGE), ERANGE);
        if !c::iomrs_c_pat_enabled() {
            // No registry, so no conflict.
            return Ok(());
        }
        let live = Theirs::map(CacheMode::WriteBack, range.phys, PAGE);
        check!(live.is_some());
        check_err!(new(range.phys, PAGE), EBUSY);
        Ok(())
    }

    #[test]
    fn s5_one_set_of_checks() -> Outcome {
        // What ioremap refuses an aperture refuses with the same errno: `refuses` asks both. Here:
        // what ioremap takes.
        let range = require!(Range::reserved());
        for size in [1, 4095, PAGE, PAGE + 1, range.size] {
            let aperture = check_ok!(aperture(range.phys, size));
            check_eq!(aperture.size() as u64, size);
            check_eq!(aperture.requested(), CacheMode::WriteCombining);
        }
        Ok(())
    }
}
