// SPDX-License-Identifier: GPL-2.0

//! Apertures of the C API beside C's.

use super::driver::*;
use crate::{
    c,
    support::{
        contexts::side_effects, mappings::*, outcome::*, proc_files::KernelState, ranges::*,
        translation::*,
    },
};
use io_mapping_rs::Strategy;
use kernel::prelude::*;

/// Makes an aperture by a C driver, which follows the strategy of this run.
fn aperture(base: u64, size: u64) -> Outcome<Aperture> {
    Ok(check_ok!(Aperture::new(driver(), base, size).ok_or(ENOMEM)))
}

/// Fails the test unless both addresses have the same mode and reach the same memory.
fn compare_page(ours: usize, in_c: usize) -> Outcome {
    check!(ours != 0);
    let found = check_ok!(Translation::of(ours).ok_or(ENOENT));
    let expected = check_ok!(Translation::of(in_c).ok_or(ENOENT));
    check_eq!((found.phys, found.bits), (expected.phys, expected.bits));
    // SAFETY: Both are mapped.
    unsafe {
        c::iomrs_c_writel(ours, ours as u32);
        check_eq!(c::iomrs_c_readl(in_c), ours as u32);
    }
    Ok(())
}

#[kunit_tests(iomrs_c_io_mapping)]
mod tests {
    use super::*;

    #[test]
    fn s44_c_api_has_the_fields_of_c() -> Outcome {
        let range = require!(TestRange::reserved());
        let in_c = CAperture::new(range.phys, 3 * PAGE)?;
        let ours = aperture(range.phys, 3 * PAGE)?;
        // SAFETY: C has made it, and it has not been freed.
        let (fields, expected) = (ours.fields(), unsafe { &*in_c.as_ptr() });
        check_eq!(fields.base, expected.base);
        check_eq!(fields.size, expected.size);
        check_eq!(fields.prot, expected.prot);
        // What C's own functions make of it.
        // SAFETY: As above. Mapped whole it is an address, and not accessed.
        let page = unsafe { c::iomrs_c_io_mapping_map_wc(ours.as_ptr(), PAGE as usize, 8) };
        if strategy() == Strategy::Whole {
            compare_page(page, in_c.page(PAGE))?;
        } else {
            check_eq!(Translation::of(page), None);
            check_eq!(page >> 48, 0xdead);
        }
        Ok(())
    }

    #[test]
    fn s1_c_api_maps_every_page_as_c() -> Outcome {
        let range = require!(TestRange::reserved());
        for size in [1, PAGE - 1, PAGE, 3 * PAGE, 5 * PAGE + 8, PAGE_2M] {
            let in_c = CAperture::new(range.phys, size)?;
            let ours = aperture(range.phys, size)?;
            for offset in (0..size).step_by(PAGE as usize) {
                let addr = ours.map_local(offset);
                compare_page(addr, in_c.page(offset))?;
                ours.unmap_local(addr);
                let addr = ours.map(offset, 1);
                compare_page(addr, in_c.page(offset))?;
                ours.unmap(addr);
                let addr = ours.map_atomic(offset);
                let compared = compare_page(addr, in_c.page(offset));
                ours.unmap_atomic(addr);
                compared?;
            }
        }
        Ok(())
    }

    #[test]
    fn s2_c_api_keeps_an_offset_in_a_page_as_c() -> Outcome {
        let range = require!(TestRange::reserved());
        let in_c = CAperture::new(range.phys, 4 * PAGE)?;
        let ours = aperture(range.phys, 4 * PAGE)?;
        for offset in [8, PAGE + 4, 3 * PAGE + 0xffc] {
            let addr = ours.map_local(offset);
            compare_page(addr, in_c.page(offset))?;
            ours.unmap_local(addr);
            let addr = ours.map(offset, 4);
            compare_page(addr, in_c.page(offset))?;
            ours.unmap(addr);
        }
        Ok(())
    }

    #[test]
    fn s4_c_api_refuses_as_c() -> Outcome {
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        for (base, size) in [
            (range.phys, 0),
            (u64::MAX - 4095, 8192),
            (c::iomrs_c_phys_limit(), PAGE),
            (c::iomrs_c_ram_page(), PAGE),
        ] {
            let suppression = c::iomrs_c_suppress_warnings();
            // SAFETY: C refuses it.
            let in_c = unsafe { c::iomrs_c_io_mapping_create_wc(base, size as usize) };
            // SAFETY: The suppression began above.
            unsafe { c::iomrs_c_end_suppress_warnings(suppression) };
            check!(in_c.is_null());
            check!(Aperture::new(driver(), base, size).is_none());
        }
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s5_c_api_maps_from_inside_of_a_page_as_c() -> Outcome {
        let range = require!(TestRange::reserved());
        let in_c = CAperture::new(range.phys + 8, PAGE)?;
        // Sparse apertures begin at a page.
        let Some(ours) = Aperture::new(&c::iomrs_c_driver, range.phys + 8, PAGE) else {
            fail!("NULL")
        };
        compare_page(ours.map_local(0), in_c.page(0))?;
        compare_page(ours.map_local(PAGE - 8), in_c.page(PAGE - 8))
    }

    #[test]
    fn s6_c_api_atomic_has_the_side_effects_of_c() -> Outcome {
        let range = require!(TestRange::reserved());
        let in_c = CAperture::new(range.phys, PAGE)?;
        let ours = aperture(range.phys, PAGE)?;
        let before = side_effects();
        // SAFETY: The page is in the aperture, and unmapped below.
        let addr = unsafe { c::iomrs_c_io_mapping_map_atomic_wc(in_c.as_ptr(), 0) };
        let with_c = side_effects();
        // SAFETY: Mapped above.
        unsafe { c::iomrs_c_io_mapping_unmap_atomic(addr) };
        let addr = ours.map_atomic(0);
        let with_ours = side_effects();
        ours.unmap_atomic(addr);
        check_eq!(with_ours, with_c);
        check_eq!(side_effects(), before);
        // One that is refused ends as any other.
        let addr = ours.map_atomic(PAGE);
        let with_ours = side_effects();
        ours.unmap_atomic(addr);
        check_eq!((addr, with_ours), (0, with_c));
        check_eq!(side_effects(), before);
        Ok(())
    }

    #[test]
    fn s8_c_api_free_unmaps_all() -> Outcome {
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        let in_c = CAperture::new(range.phys, PAGE_2M)?;
        let with_c = KernelState::now()?.since(&before)?;
        drop(in_c);
        let ours = aperture(range.phys, PAGE_2M)?;
        let with_ours = KernelState::now()?.since(&before)?;
        check_eq!(with_ours.memtypes, with_c.memtypes);
        if strategy() == Strategy::Whole {
            check_eq!(with_ours.areas, with_c.areas);
        } else {
            check!(with_ours.areas.is_empty());
        }
        drop(ours);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s8_c_api_init_and_fini_of_a_struct_of_the_driver() -> Outcome {
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        let driver = driver();
        // SAFETY: Nothing is required.
        let raw = unsafe { (driver.zeroed)() };
        check!(!raw.is_null());
        for _ in 0..2 {
            // SAFETY: A range that nobody else uses. The struct has been allocated above.
            let (made, addr) = unsafe {
                let made = (driver.init_wc)(raw, range.phys, PAGE as usize);
                (made, (driver.map_local)(raw, 0))
            };
            check!(made && addr != 0);
            check_eq!(phys_at(addr), Some(range.phys));
            // SAFETY: Mapped above.
            unsafe {
                (driver.unmap_local)(addr);
                (driver.fini)(raw);
            }
            check_eq!(KernelState::now()?, before);
        }
        // SAFETY: Allocated above, and no aperture any more.
        unsafe { (driver.kfree)(raw) };
        Ok(())
    }
}
