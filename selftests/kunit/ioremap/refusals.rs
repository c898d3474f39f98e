// SPDX-License-Identifier: GPL-2.0

//! What the ioremap path refuses, beside what C's refuses.

use crate::{
    c,
    support::{
        compare::*, devices::ivshmem_bar, mappings::*, outcome::*, proc_files::KernelState,
        ranges::*, translation::phys_at,
    },
};
use io_mapping_rs::{ioremap::Options, CacheMode, Strategy};
use kernel::prelude::*;

/// Fails the test unless each way to map the range is refused with `errno`, leaves nothing behind,
/// and causes no message of the kernel.
fn check_refused(options: Options, phys: u64, size: u64, errno: Error) -> Outcome {
    let before = KernelState::now()?;
    let log = c::iomrs_c_log_position();
    check_err!(map_with(options, phys, size), errno);
    // SAFETY: It is refused.
    check_err!(unsafe { options.map_read_only(phys, size) }, errno);
    let (base, offset) = (phys & !(PAGE - 1), phys % PAGE);
    let aperture = aperture_with(options, base, size + offset, strategy());
    // A sparse aperture is not mapped, so that it needs no address space.
    if strategy() == Strategy::Whole || errno != ENOMEM {
        check_err!(aperture, errno);
    }
    check_eq!(c::iomrs_c_count_complaints(log), 0);
    check_eq!(KernelState::now()?, before);
    Ok(())
}

/// Fails the test unless the range is refused in every mode by the library.
fn check_refused_in_every_mode(phys: u64, size: u64, errno: Error) -> Outcome {
    for mode in CacheMode::ALL {
        check_refused(Options::new(mode), phys, size, errno)?;
        let others = Options::new(mode).exact().across_resources();
        check_refused(others, phys, size, errno)?;
    }
    Ok(())
}

/// As [`check_refused_in_every_mode`], also by C, which may warn.
fn check_refused_by_both(phys: u64, size: u64, errno: Error) -> Outcome {
    check_refused_in_every_mode(phys, size, errno)?;
    for mode in CacheMode::ALL {
        let suppression = c::iomrs_c_suppress_warnings();
        let in_c = CMapping::try_new(mode, phys, size);
        // SAFETY: The suppression began above.
        unsafe { c::iomrs_c_end_suppress_warnings(suppression) };
        check!(in_c.is_none());
    }
    Ok(())
}

/// Returns how many lines of the kernel log from `position` on have `text`.
fn lines_with(position: u64, text: &CStr) -> u32 {
    // SAFETY: The text is valid during the call.
    unsafe { c::iomrs_c_count_lines(position, text.as_char_ptr()) }
}

#[kunit_tests(iomrs_refusals)]
mod tests {
    use super::*;

    #[test]
    fn s12_zero_size_is_einval() -> Outcome {
        let range = require!(TestRange::reserved());
        check_refused_by_both(range.phys, 0, EINVAL)?;
        check_refused_by_both(0, 0, EINVAL)?;
        check_err!(map(CacheMode::WriteBack, range.phys + 1, 0), EINVAL);
        Ok(())
    }

    #[test]
    fn s12_wrap_is_einval() -> Outcome {
        check_refused_by_both(u64::MAX - 4095, 4097, EINVAL)?;
        check_refused_by_both(u64::MAX - 4095, u64::MAX, EINVAL)?;
        check_refused_by_both(0x1000, u64::MAX - 0xffe, EINVAL)?;
        for mode in CacheMode::ALL {
            check_err!(map(mode, u64::MAX, 2), EINVAL);
            check!(CMapping::try_new(mode, u64::MAX, 2).is_none());
        }
        Ok(())
    }

    #[test]
    fn s12_huge_size_is_erange() -> Outcome {
        let range = require!(TestRange::reserved());
        let options = Options::new(CacheMode::WriteCombining).across_resources();
        check_refused(options, range.phys, u64::MAX - range.phys, ERANGE)?;
        check_refused(options, range.phys, 1 << 63, ERANGE)
    }

    #[test]
    fn s13_last_byte_past_the_width_is_erange() -> Outcome {
        let width = c::iomrs_c_phys_limit();
        let options = Options::new(CacheMode::UncachedMinus).across_resources();
        check_refused(options, width - PAGE, PAGE + 1, ERANGE)?;
        check_refused(options, width - PAGE_2M, 2 * PAGE_2M, ERANGE)?;
        check_err!(map_with(options, width - 1, 2), ERANGE);
        Ok(())
    }

    #[test]
    fn s13_first_byte_past_the_width_is_erange() -> Outcome {
        // C has no such check with LPAE.
        let check = if cfg!(CONFIG_ARM_LPAE) {
            check_refused_in_every_mode
        } else {
            check_refused_by_both
        };
        check(c::iomrs_c_phys_limit(), PAGE, ERANGE)?;
        check(1 << 63, PAGE, ERANGE)?;
        check(u64::MAX - 4095, 4096, ERANGE)
    }

    #[test]
    fn s13_last_byte_within_the_width_is_mapped() -> Outcome {
        let last = c::iomrs_c_phys_limit() - PAGE;
        let before = KernelState::now()?;
        let options = Options::new(CacheMode::UncachedMinus).across_resources();
        let ours = check_ok!(map_with(options, last, PAGE));
        check_eq!(phys_at(ours.addr()), Some(last));
        drop(ours);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s14_system_ram_is_eperm() -> Outcome {
        let ram = c::iomrs_c_ram_page();
        check_refused_by_both(ram, PAGE, EPERM)?;
        check_refused_by_both(ram - PAGE, 3 * PAGE, EPERM)?;
        // C looks at whole pages only, and would map these.
        check_refused(Options::new(CacheMode::UncachedMinus), ram + 8, 4, EPERM)?;
        check_refused(Options::new(CacheMode::UncachedMinus), ram - 8, 16, EPERM)
    }

    /// C looks at the first page of a range alone there.
    #[test]
    #[cfg(not(CONFIG_X86_64))]
    fn s40_reserved_ram_is_eperm() -> Outcome {
        let page = ReservedPage::new()?;
        check_refused_by_both(page.phys, PAGE, EPERM)?;
        check_refused(Options::new(WC), page.phys, 2 * PAGE, EPERM)
    }

    #[test]
    #[cfg(CONFIG_X86_64)]
    fn s14_ram_at_the_end_is_eperm() -> Outcome {
        let range = require!(TestRange::reserved());
        let options = Options::new(CacheMode::WriteCombining).across_resources();
        // The pages before and after the range that was set aside are RAM.
        check_refused(options, range.phys + range.size - PAGE, 2 * PAGE, EPERM)?;
        check_refused(options, range.phys - PAGE, 2 * PAGE, EPERM)
    }

    #[test]
    fn s28_range_leaving_its_resource_is_einval() -> Outcome {
        let bar = require!(ivshmem_bar(2));
        let end = bar.phys + bar.size;
        let options = Options::new(CacheMode::WriteCombining);
        check_refused(options, end - PAGE, 2 * PAGE, EINVAL)?;
        check_refused(options, bar.phys - PAGE, 2 * PAGE, EINVAL)?;
        check_refused(options, bar.phys - PAGE, bar.size + 2 * PAGE, EINVAL)
    }

    /// `EINVAL` alone does not tell what is wrong with a range that C maps.
    #[test]
    fn s28_log_names_the_way_across_resources() -> Outcome {
        let bar = require!(ivshmem_bar(2));
        let (phys, size) = (bar.phys + bar.size - PAGE, 2 * PAGE);
        let options = Options::new(CacheMode::UncachedMinus);
        let from = c::iomrs_c_log_position();
        check_err!(map_with(options, phys, size), EINVAL);
        // SAFETY: It is refused.
        check_err!(unsafe { options.map_read_only(phys, size) }, EINVAL);
        for strategy in [Strategy::Whole, Strategy::Sparse] {
            check_err!(aperture_with(options, phys, size, strategy), EINVAL);
        }
        check_eq!(lines_with(from, c"Options::across_resources()"), 4);
        check_eq!(lines_with(from, c".rs:"), 4);
        let from = c::iomrs_c_log_position();
        check_ok!(map_with(options.across_resources(), phys, size));
        check_err!(map_with(options, phys, 0), EINVAL);
        check_eq!(lines_with(from, c"across_resources"), 0);
        Ok(())
    }

    #[test]
    fn s28_range_leaving_its_resource_if_asked_for() -> Outcome {
        let bar = require!(ivshmem_bar(2));
        let end = bar.phys + bar.size;
        let before = KernelState::now()?;
        let log = c::iomrs_c_log_position();
        // arch_io_reserve_memtype_wc() would warn of such a range: it is refused.
        let mode = if cfg!(iomrs_stock) {
            check_refused(
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
            let ours = check_ok!(map_with(
                Options::new(mode).across_resources(),
                phys,
                2 * PAGE
            ));
            check_eq!(phys_at(ours.addr()), Some(phys));
            let in_c = CMapping::new(mode, phys, 2 * PAGE)?;
            compare_entries(ours.addr(), in_c.addr(), 2 * PAGE)?;
        }
        check_eq!(KernelState::now()?, before);
        // One message for each range, all by C, which looks at resources on x86 alone.
        let by_c = if cfg!(CONFIG_X86_64) { 2 } else { 0 };
        check_eq!(c::iomrs_c_count_complaints(log), by_c);
        Ok(())
    }

    #[test]
    fn s28_range_inside_its_resource() -> Outcome {
        let bar = require!(ivshmem_bar(2));
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
        check_refused(options, start, total + PAGE, ENOMEM)?;
        check_refused(options, start, total, ENOMEM)
    }

    #[test]
    fn s4_each_failure_has_its_errno() -> Outcome {
        let range = require!(TestRange::reserved());
        let width = c::iomrs_c_phys_limit();
        check_err!(aperture(range.phys, 0), EINVAL);
        check_err!(aperture(u64::MAX - 4095, 8192), EINVAL);
        check_err!(aperture(range.phys + 1, PAGE), EINVAL);
        check_err!(aperture(range.phys + 2048, PAGE), EINVAL);
        check_err!(aperture(c::iomrs_c_ram_page(), PAGE), EPERM);
        check_err!(aperture(width, PAGE), ERANGE);
        // Without PAT no mode is reserved, and nothing conflicts.
        if c::iomrs_c_pat_enabled() {
            let _live = CMapping::new(CacheMode::WriteBack, range.phys, PAGE)?;
            check_err!(aperture(range.phys, PAGE), EBUSY);
        }
        Ok(())
    }

    #[test]
    fn s5_one_set_of_checks() -> Outcome {
        // What ioremap refuses an aperture refuses with the same errno: `check_refused` tries both.
        // Here is what both take.
        let range = require!(TestRange::reserved());
        for size in [1, 4095, PAGE, PAGE + 1, range.size] {
            let aperture = check_ok!(aperture(range.phys, size));
            check_eq!(aperture.size() as u64, size);
            check_eq!(aperture.requested(), CacheMode::WriteCombining);
        }
        Ok(())
    }
}
