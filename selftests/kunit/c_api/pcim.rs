// SPDX-License-Identifier: GPL-2.0

//! BARs and memory that belong to their device, by the C API beside the same driver as C has it.

use super::driver::*;
use crate::{
    c::{iomrs_c_driver as OURS, iomrs_c_plain_driver as IN_C, Driver},
    support::{
        compare::compare_entries, devices::Device, outcome::*, proc_files::KernelState, ranges::*,
        translation::phys_at,
    },
};
use core::ptr;
use kernel::prelude::*;

/// Below this an address is what C's accessors take for ports.
const COOKIES_END: usize = 0x4_0000;

/// The errno of an address that is none.
fn errno(addr: usize) -> Option<isize> {
    let value = addr as isize;
    (-4095..0).contains(&value).then_some(value)
}

/// Fails the test unless both have mapped the same, or have refused it in the same way.
fn compare(ours: usize, in_c: usize) -> Outcome {
    check_eq!(errno(ours), errno(in_c));
    if in_c < COOKIES_END || errno(in_c).is_some() {
        check_eq!(ours, in_c);
        return Ok(());
    }
    check_eq!(phys_at(ours), phys_at(in_c));
    compare_entries(ours, in_c, 1)
}

/// What is at a BAR in C's table of the device.
fn table(driver: &Driver, device: &Device, bar: i32) -> usize {
    if !(0..6).contains(&bar) {
        return 0;
    }
    // SAFETY: The device is bound to the tests, which alone use its BARs.
    unsafe { (driver.pcim_table)(device.as_ptr(), bar) }
}

fn compare_bar(device: &Device, bar: i32) -> Outcome {
    let pdev = device.as_ptr();
    // SAFETY: The device is bound to the tests, which alone use its BARs. What is mapped is unmapped once.
    unsafe {
        for (offset, len) in [(0, 0), (0, 8), (8, 16), (1 << 40, 0), (usize::MAX, 0)] {
            let ours = (OURS.pcim_iomap_range)(pdev, bar, offset, len);
            let in_c = (IN_C.pcim_iomap_range)(pdev, bar, offset, len);
            compare(ours, in_c)?;
            if errno(ours).is_none() {
                (OURS.pcim_iounmap)(pdev, ours);
                (IN_C.pcim_iounmap)(pdev, in_c);
            }
        }
        for len in [0, 8] {
            let ours = (OURS.pcim_iomap)(pdev, bar, len);
            check_eq!(table(&OURS, device, bar), ours);
            let in_c = (IN_C.pcim_iomap)(pdev, bar, len);
            compare(ours, in_c)?;
            if ours != 0 {
                (IN_C.pcim_iounmap)(pdev, in_c);
                (OURS.pcim_iounmap)(pdev, ours);
            }
            check_eq!(table(&OURS, device, bar), 0);
        }
    }
    Ok(())
}

/// Requests and maps a BAR, and again while it is. Returns where it is, and what the second call has returned.
fn region_of(driver: &Driver, device: &Device, bar: i32) -> Outcome<(Option<u64>, usize, usize)> {
    let pdev = device.as_ptr();
    // SAFETY: The device is bound to the tests, which alone use its BARs.
    let (addr, again) = unsafe {
        (
            (driver.pcim_iomap_region)(pdev, bar),
            (driver.pcim_iomap_region)(pdev, bar),
        )
    };
    let phys = phys_at(addr);
    if errno(addr).is_none() {
        // SAFETY: Mapped above.
        unsafe { (driver.pcim_iounmap_region)(pdev, bar) };
    }
    // An address, which differs, is 0.
    Ok((phys, if phys.is_some() { 0 } else { addr }, again))
}

/// Maps the memory of a platform device, and again while it is mapped, which returns EBUSY. Returns where it is.
fn memory_of_platform(driver: &Driver, range: TestRange, how: u32) -> Outcome<Option<u64>> {
    // SAFETY: The tests map a range that nobody else uses. The device, which unmaps it, is put once.
    let (addr, again, phys) = unsafe {
        let pdev = (driver.platform_device)(range.phys, PAGE as usize);
        check!(!pdev.is_null());
        let addr = (driver.devm_platform)(pdev, how);
        let again = (driver.devm_platform)(pdev, how);
        let phys = phys_at(addr);
        (driver.platform_put)(pdev);
        (addr, again, phys)
    };
    check_eq!(errno(addr), None);
    check_eq!(Error::from_errno(again as i32), EBUSY);
    Ok(phys)
}

/// Clears an entry of C's table.
fn forget(device: &Device, bar: i32) -> Outcome {
    // SAFETY: The device is bound to the tests, which alone use its BARs.
    unsafe {
        let addr = (IN_C.pcim_iomap)(device.as_ptr(), bar, 8);
        check!(addr != 0);
        (IN_C.pcim_iounmap)(device.as_ptr(), addr);
    }
    Ok(())
}

#[kunit_tests(iomrs_c_pcim)]
mod tests {
    use super::*;

    #[test]
    fn s36_c_api_bars_of_a_device_as_in_c() -> Outcome {
        let devices = [require!(Device::ivshmem()), require!(Device::testdev())];
        let before = KernelState::now()?;
        for device in &devices {
            for bar in -1..7 {
                compare_bar(device, bar)?;
                check_eq!(
                    region_of(&OURS, device, bar)?,
                    region_of(&IN_C, device, bar)?
                );
                check_eq!(KernelState::now()?, before);
            }
        }
        Ok(())
    }

    #[test]
    fn s36_c_api_several_bars_of_a_device_as_in_c() -> Outcome {
        let device = require!(Device::ivshmem());
        let (pdev, before) = (device.as_ptr(), KernelState::now()?);
        for mask in [0, 1, 4, 5, 2, 7, 1 << 6] {
            for driver in [&OURS, &IN_C] {
                // SAFETY: The device is bound to the tests, which alone use its BARs.
                let result = unsafe { (driver.pcim_iomap_regions)(pdev, mask) };
                // There are BARs 0 and 2.
                let are_there = mask & !5 == 0;
                check_eq!(result == 0, are_there);
                for bar in 0..6 {
                    let is_mapped = are_there && mask & 1 << bar != 0;
                    let addr = table(driver, &device, bar);
                    check_eq!(addr != 0, is_mapped);
                    if is_mapped {
                        check_eq!(phys_at(addr), Some(device.bar(bar as u32)?.phys));
                        // SAFETY: Mapped above. The table is for the next one.
                        unsafe { (driver.pcim_iounmap_region)(pdev, bar) };
                        forget(&device, bar)?;
                    }
                }
                check_eq!(KernelState::now()?, before);
            }
        }
        Ok(())
    }

    #[test]
    fn s36_c_api_memory_of_a_platform_device_as_in_c() -> Outcome {
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        for how in 0..3 {
            for driver in [&OURS, &IN_C] {
                check_eq!(memory_of_platform(driver, range, how)?, Some(range.phys));
                check_eq!(KernelState::now()?, before);
            }
        }
        Ok(())
    }

    #[test]
    fn s31_c_api_mistakes_with_bars_of_a_device() -> Outcome {
        let device = require!(Device::ivshmem());
        let (pdev, before) = (device.as_ptr(), KernelState::now()?);
        // SAFETY: The device is bound to the tests, which alone use its BARs.
        let region = unsafe { (OURS.pcim_iomap_region)(pdev, 0) };
        check_eq!(phys_at(region), Some(device.bar(0)?.phys));
        check_misuses(6, || {
            // SAFETY: NULL is refused, and so is what is not mapped, or by another function.
            unsafe {
                check_eq!((OURS.pcim_iomap)(ptr::null_mut(), 0, 0), 0);
                (OURS.pcim_iounmap)(ptr::null_mut(), region);
                (OURS.pcim_iounmap)(pdev, 0);
                (OURS.pcim_iounmap)(pdev, region);
                (OURS.pcim_iounmap_region)(pdev, 2);
                (OURS.devm_iounmap)(pdev, region);
            }
            Ok(())
        })?;
        check_eq!(phys_at(region), Some(device.bar(0)?.phys));
        // SAFETY: As above.
        unsafe {
            check!((OURS.pcim_iomap)(pdev, 2, 8) != 0);
            check_eq!(errno((OURS.pcim_iomap_range)(pdev, 2, 8, 8)), None);
        }
        // The device unmaps and releases all.
        let unbound = device.unbind(KernelState::now);
        check_eq!(check_ok!(unbound)?, before);
        Ok(())
    }
}
