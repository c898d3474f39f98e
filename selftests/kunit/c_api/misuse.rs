// SPDX-License-Identifier: GPL-2.0

//! What C does not notice: each is reported once, changes nothing, and the driver goes on.

use super::driver::*;
use crate::{
    c,
    support::{
        contexts::*, mappings::*, outcome::*, proc_files::KernelState, ranges::*, translation::*,
    },
};
use core::ptr;
use io_mapping_rs::CacheMode;
use kernel::prelude::*;

/// Hands an address to `iounmap()`. Fails the test unless that is reported, and changes nothing.
fn check_iounmap_refused(addr: usize) -> Outcome {
    let before = KernelState::now()?;
    check_misuses(1, || {
        iounmap(addr);
        Ok(())
    })?;
    check_eq!(KernelState::now()?, before);
    Ok(())
}

/// Makes an aperture of the driver that has IOMRS_CHECK.
fn checked(base: u64, size: u64) -> Outcome<Aperture> {
    let aperture = Aperture::new(&c::iomrs_c_checked_driver, base, size);
    Ok(check_ok!(aperture.ok_or(ENOMEM)))
}

#[kunit_tests(iomrs_c_misuse)]
mod tests {
    use super::*;

    #[test]
    fn s30_iounmap_of_what_no_mapping_begins_at() -> Outcome {
        let range = require!(TestRange::reserved());
        let mut on_stack = 0u8;
        let direct = ReservedPage::new()?;
        for addr in [
            0,
            1,
            PAGE as usize,
            usize::MAX,
            usize::MAX - 4095,
            1 << 47,
            1 << 63,
            0xdead_1000_0000_0000,
            direct.direct,
            ptr::from_mut(&mut on_stack).addr(),
            // In the text of this module.
            check_iounmap_refused as usize,
        ] {
            check_iounmap_refused(addr)?;
        }
        // What others have mapped.
        let in_c = CMapping::new(WC, range.phys, PAGE)?;
        let rust = check_ok!(map(WC, range.phys, 2 * PAGE));
        for addr in [in_c.addr(), rust.addr(), rust.addr() + PAGE as usize] {
            check_iounmap_refused(addr)?;
        }
        in_c.write32(0, 42);
        check_eq!(rust.try_read32(0), Ok(42));
        Ok(())
    }

    #[test]
    fn s31_iounmap_inside_of_a_mapping_and_twice() -> Outcome {
        let range = require!(TestRange::reserved());
        let ours = check_ok!(ioremap(WC, range.phys, 4 * PAGE).ok_or(ENOMEM));
        for page in [1, 2, 3] {
            check_iounmap_refused(ours + page * PAGE as usize)?;
            check_iounmap_refused(ours + page * PAGE as usize - 1 + PAGE as usize)?;
        }
        check_eq!(
            phys_at(ours + 3 * PAGE as usize),
            Some(range.phys + 3 * PAGE)
        );
        // In the first page any address will do, as in C.
        check_misuses(0, || {
            iounmap(ours + 1);
            Ok(())
        })?;
        check_eq!(phys_at(ours), None);
        check_iounmap_refused(ours)
    }

    #[test]
    fn s43_iounmap_of_an_io_mapping() -> Outcome {
        let range = require!(TestRange::reserved());
        let ours = check_ok!(Aperture::new(&c::iomrs_c_driver, range.phys, PAGE_2M).ok_or(ENOMEM));
        for offset in [0, PAGE as usize, 8] {
            check_iounmap_refused(ours.fields().iomem + offset)?;
        }
        let sparse = checked(range.phys, PAGE_2M)?;
        check_iounmap_refused(sparse.fields().iomem)?;
        let (page, area) = (sparse.map_local(0), sparse.map(PAGE, 2 * PAGE));
        for addr in [page, area, area + PAGE as usize] {
            check_iounmap_refused(addr)?;
        }
        // An unmap of what is mapped as a whole is nothing, also where there are sparse apertures.
        check_misuses(0, || {
            sparse.unmap_local(page);
            sparse.unmap(area);
            ours.unmap(ours.map(PAGE, 8));
            ours.unmap_local(ours.map_local(PAGE_2M - 1));
            Ok(())
        })
    }

    #[test]
    fn s1_c_api_offset_outside_is_null() -> Outcome {
        let range = require!(TestRange::reserved());
        for driver in [&c::iomrs_c_driver, &c::iomrs_c_checked_driver] {
            let ours = check_ok!(Aperture::new(driver, range.phys, 3 * PAGE + 8).ok_or(ENOMEM));
            for offset in [3 * PAGE + 8, 4 * PAGE, 1 << 40, u64::MAX - 4095, u64::MAX] {
                check_misuses(3, || {
                    let local = ours.map_local(offset);
                    let atomic = ours.map_atomic(offset);
                    ours.unmap_atomic(atomic);
                    check_eq!((local, atomic, ours.map(offset, 1)), (0, 0, 0));
                    Ok(())
                })?;
            }
        }
        // The end is looked at by IOMRS_CHECK only.
        let ours = checked(range.phys, 3 * PAGE)?;
        for (offset, size) in [
            (0, 3 * PAGE + 1),
            (2 * PAGE, 2 * PAGE),
            (8, u64::MAX),
            (0, 0),
        ] {
            check_misuses(1, || {
                check_eq!(ours.map(offset, size), 0);
                Ok(())
            })?;
        }
        Ok(())
    }

    #[test]
    fn s8_c_api_use_after_fini_and_fini_twice() -> Outcome {
        let range = require!(TestRange::reserved());
        for driver in [&c::iomrs_c_driver, &c::iomrs_c_checked_driver] {
            // SAFETY: The struct is allocated here. A range that nobody else uses.
            let raw = unsafe {
                let raw = (driver.zeroed)();
                check!(!raw.is_null());
                check!((driver.init_wc)(raw, range.phys, PAGE as usize));
                (driver.fini)(raw);
                raw
            };
            let before = KernelState::now()?;
            check_misuses(3, || {
                // SAFETY: What is no aperture any more is refused.
                unsafe {
                    check_eq!((driver.map_local)(raw, 0), 0);
                    check_eq!((driver.map_wc)(raw, 0, 8), 0);
                    (driver.fini)(raw);
                }
                Ok(())
            })?;
            check_eq!(KernelState::now()?, before);
            // SAFETY: Allocated above, and no aperture any more.
            unsafe { (driver.kfree)(raw) };
            check_misuses(3, || {
                // SAFETY: NULL is refused.
                unsafe {
                    (driver.free)(ptr::null_mut());
                    (driver.fini)(ptr::null_mut());
                    check!(!(driver.init_wc)(
                        ptr::null_mut(),
                        range.phys,
                        PAGE as usize
                    ));
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    #[test]
    fn s45_free_with_live_maps_leaves_them() -> Outcome {
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        let ours = checked(range.phys, 4 * PAGE)?;
        let (page, area) = (ours.map_local(PAGE), ours.map(2 * PAGE, PAGE));
        check_misuses(1, || {
            // SAFETY: Made above. The drop is replaced by this.
            unsafe { (c::iomrs_c_checked_driver.free)(ours.as_ptr()) };
            Ok(())
        })?;
        check_eq!(phys_at(page), Some(range.phys + PAGE));
        check_eq!(phys_at(area), Some(range.phys + 2 * PAGE));
        check_misuses(0, || {
            ours.unmap_local(page);
            ours.unmap(area);
            Ok(())
        })?;
        check_eq!(phys_at(area), None);
        core::mem::forget(ours);
        // With the last map the aperture goes, and with it the cache mode of its range.
        check_eq!(KernelState::now()?, before);
        drop(check_ok!(map(CacheMode::UncachedMinus, range.phys, PAGE)));
        Ok(())
    }

    #[test]
    fn s5_c_api_checked_aperture_that_cannot_be_sparse() -> Outcome {
        let range = require!(TestRange::reserved());
        // It begins inside of a page. Then it is mapped as a whole, and the calls check what they can.
        let ours = checked(range.phys + 8, PAGE)?;
        check_eq!(phys_at(ours.map_local(8)), Some(range.phys + 16));
        check_eq!(phys_at(ours.map(PAGE - 8, 8)), Some(range.phys + PAGE));
        check_misuses(3, || {
            check_eq!((ours.map_local(PAGE), ours.map_atomic(PAGE)), (0, 0));
            ours.unmap_atomic(0);
            check_eq!(ours.map(PAGE - 8, 16), 0);
            Ok(())
        })?;
        let in_interrupt = Context::HardInterrupt.run(|| ours.map(0, 8));
        check_eq!(in_interrupt.and_then(phys_at), Some(range.phys + 8));
        Ok(())
    }

    #[test]
    fn s45_double_unmap_is_noticed() -> Outcome {
        let range = require!(TestRange::reserved());
        let ours = checked(range.phys, 4 * PAGE)?;
        let (page, area) = (ours.map_local(0), ours.map(PAGE, 2 * PAGE));
        check_eq!(
            (phys_at(page), phys_at(area)),
            (Some(range.phys), Some(range.phys + PAGE))
        );
        ours.unmap_local(page);
        // After the unmap an access faults.
        check_eq!(phys_at(page), None);
        check_misuses(1, || {
            ours.unmap_local(page);
            Ok(())
        })?;
        check_misuses(1, || {
            ours.unmap(area + PAGE as usize);
            Ok(())
        })?;
        check_eq!(phys_at(area), Some(range.phys + PAGE));
        ours.unmap(area);
        check_misuses(1, || {
            ours.unmap(area);
            Ok(())
        })
    }

    #[test]
    fn s45_slot_of_a_rust_driver_is_left_alone() -> Outcome {
        let range = require!(TestRange::reserved());
        let rust = check_ok!(sparse_aperture(range.phys, PAGE));
        let guard = check_ok!(rust.map_local(0));
        let ours = checked(range.phys, PAGE)?;
        check_misuses(1, || {
            ours.unmap_local(guard.addr());
            Ok(())
        })?;
        check_eq!(phys_at(guard.addr()), Some(range.phys));
        Ok(())
    }

    #[test]
    fn s45_unmap_by_another_task_is_noticed() -> Outcome {
        let range = require!(TestRange::reserved());
        let ours = checked(range.phys, PAGE)?;
        let page = ours.map_local(0);
        check_misuses(1, || {
            let unmap = || {
                // SAFETY: Mapped above, and used by nobody.
                unsafe { (c::iomrs_c_checked_driver.unmap_local)(page) };
            };
            drop(Thread::start(None, &unmap)?);
            Ok(())
        })?;
        check_eq!(phys_at(page), None);
        Ok(())
    }

    #[test]
    fn s11_c_api_any_order_is_safe() -> Outcome {
        let range = require!(TestRange::reserved());
        let ours = checked(range.phys, 4 * PAGE)?;
        let pages = [0, 1, 2, 3].map(|page| ours.map_local(page * PAGE));
        for (index, &page) in pages.iter().enumerate() {
            ours.unmap_local(page);
            for (number, &other) in pages.iter().enumerate() {
                let left = number > index;
                let phys = range.phys + number as u64 * PAGE;
                check_eq!(phys_at(other), left.then_some(phys));
            }
        }
        Ok(())
    }

    #[test]
    fn s45_line_names_the_caller() -> Outcome {
        if !cfg!(CONFIG_STACKTRACE) {
            return skip(c"the kernel keeps no stack traces (CONFIG_STACKTRACE)");
        }
        let log = c::iomrs_c_log_position();
        iounmap(0);
        // Who has called the driver, if the driver jumps to the library as the last that it does.
        for text in [c"(0x0), called by ", c" [io_mapping_selftests]"] {
            // SAFETY: The string ends with a NUL.
            let found = unsafe { c::iomrs_c_count_lines(log, text.as_char_ptr()) };
            check_eq!(found, 1);
        }
        Ok(())
    }

    #[test]
    fn s45_strict_warns_and_knows_the_order() -> Outcome {
        if !crate::module_parameters::strict.value() {
            return skip(c"strict=1 is not given");
        }
        let range = require!(TestRange::reserved());
        let ours = checked(range.phys, 4 * PAGE)?;
        let suppression = c::iomrs_c_suppress_warnings();
        let found = check_misuses(3, || {
            iounmap(0);
            let pages = [0, 1, 2].map(|page| ours.map_local(page * PAGE));
            // The first two are not the last ones mapped.
            pages.iter().for_each(|&page| ours.unmap_local(page));
            // In the reverse order all is well.
            let pages = [0, 1, 2].map(|page| ours.map_local(page * PAGE));
            pages.iter().rev().for_each(|&page| ours.unmap_local(page));
            Ok(())
        });
        // SAFETY: The suppression began above.
        let warnings = unsafe { c::iomrs_c_end_suppress_warnings(suppression) };
        found?;
        check_eq!(warnings, 3);
        Ok(())
    }
}
