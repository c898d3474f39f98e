// SPDX-License-Identifier: GPL-2.0

//! Every argument of what undoes a map, and of what makes one, as it must not be.

use super::driver::*;
use crate::{
    c::{self, iomrs_c_checked_driver as CHECKED, iomrs_c_driver as OURS, Driver},
    support::{
        devices::Device, mappings::*, outcome::*, proc_files::KernelState, ranges::*,
        translation::*,
    },
};
use core::ptr;
use kernel::prelude::*;

/// Addresses that are no page, part or mapping of a C driver, and what keeps them as they are.
struct Wrong {
    addrs: KVec<usize>,
    _in_c: CMapping,
    _rust: io_mapping_rs::Mapping,
    _direct: ReservedPage,
    _memory: VVec<u8>,
}

impl Wrong {
    fn new(range: TestRange) -> Outcome<Self> {
        let in_c = CMapping::new(WC, range.phys, PAGE)?;
        let rust = check_ok!(map(WC, range.phys, 2 * PAGE));
        let direct = ReservedPage::new()?;
        let memory = check_ok!(VVec::<u8>::with_capacity(PAGE as usize, GFP_KERNEL));
        let on_stack = 0u8;
        // Unmapped, and nothing is mapped after it.
        let freed = check_ok!(ioremap(WC, range.phys, PAGE).ok_or(ENOMEM));
        iounmap(freed);
        let mut addrs = KVec::new();
        for addr in [
            1,
            PAGE as usize,
            // Of user space, and between it and the kernel's.
            0x7fff_ffff_f000,
            1 << 63,
            usize::MAX,
            usize::MAX - 4095,
            0xdead_1000_0000_0000,
            direct.direct,
            ptr::from_ref(&on_stack).addr(),
            memory.as_ptr().addr(),
            // The text of this module, of another, and of the kernel.
            Wrong::new as usize,
            io_mapping_rs::window::exhausted as usize,
            kernel::bindings::kfree as usize,
            in_c.addr(),
            rust.addr(),
            rust.addr() + PAGE as usize,
            freed,
        ] {
            check_ok!(addrs.push(addr, GFP_KERNEL));
        }
        Ok(Self {
            addrs,
            _in_c: in_c,
            _rust: rust,
            _direct: direct,
            _memory: memory,
        })
    }

    /// Hands each address, and `more`, to what undoes a map. Fails the test unless each is reported and nothing
    /// is changed.
    fn check_refused(&self, name: &str, more: &[usize], unmap: impl Fn(usize)) -> Outcome {
        let before = KernelState::now()?;
        note(fmt!("{name}"));
        for &addr in Iterator::chain(self.addrs.iter(), more) {
            let found = count_misuses(|| unmap(addr));
            if found != 1 {
                fail!("{name}({addr:#x}) is reported {found} times")
            }
        }
        check_eq!(KernelState::now()?, before);
        Ok(())
    }
}

/// Ranges that nobody maps, in C either.
fn refused_ranges(range: TestRange) -> [(u64, u64); 12] {
    let (width, ram) = (c::iomrs_c_phys_limit(), c::iomrs_c_ram_page());
    [
        (range.phys, 0),
        (0, 0),
        (u64::MAX, 1),
        (u64::MAX, u64::MAX),
        (u64::MAX - 4095, 4097),
        (0x1000, u64::MAX - 0xffe),
        (range.phys, u64::MAX),
        (range.phys, 1 << 62),
        (width, PAGE),
        (1 << 63, PAGE),
        (ram, PAGE),
        (ram - PAGE, 3 * PAGE),
    ]
}

/// Hands a range to each function of a driver that maps one. Returns how many have mapped it.
fn count_mapped(driver: &'static Driver, device: &Device, phys: u64, size: u64) -> Outcome<u32> {
    let (size, mut mapped) = (size as usize, 0);
    for mode in io_mapping_rs::CacheMode::ALL {
        // SAFETY: The callers map what is refused.
        mapped += u32::from(unsafe { (driver.ioremap)(phys, size, c::page_cache_mode(mode)) } != 0);
    }
    // SAFETY: As above. The struct is freed once.
    unsafe {
        mapped += u32::from((driver.ioremap_prot)(phys, size, 0) != 0);
        mapped += u32::from((driver.devm_ioremap)(device.as_ptr(), phys, size) != 0);
        mapped += u32::from(!(driver.create_wc)(phys, size).is_null());
        let raw = (driver.zeroed)();
        check!(!raw.is_null());
        mapped += u32::from((driver.init_wc)(raw, phys, size));
        (driver.kfree)(raw);
    }
    Ok(mapped)
}

#[kunit_tests(iomrs_c_arguments)]
mod tests {
    use super::*;

    #[test]
    fn s45_unmap_of_what_is_not_mapped() -> Outcome {
        let range = require!(TestRange::reserved());
        let wrong = Wrong::new(range)?;
        let ours = check_ok!(ioremap(WC, range.phys, PAGE).ok_or(ENOMEM));
        // Also before there is a sparse aperture, if this runs alone.
        for _ in 0..2 {
            // SAFETY: What is not mapped is refused.
            wrong.check_refused("unmap_local", &[0, ours, ours - 1], |addr| unsafe {
                (CHECKED.unmap_local)(addr)
            })?;
            // SAFETY: As above.
            wrong.check_refused("unmap", &[0, ours, ours - 1], |addr| unsafe {
                (CHECKED.unmap)(addr)
            })?;
            let sparse = check_ok!(Aperture::new(&CHECKED, range.phys, 4 * PAGE).ok_or(ENOMEM));
            let (page, area) = (sparse.map_local(0), sparse.map(PAGE, 2 * PAGE));
            // The one function for what the other has mapped; a byte before, and after.
            let after = area + 2 * PAGE as usize;
            for (addr, is_page) in [
                (area, true),
                (area + 1, true),
                (page, false),
                (after, false),
            ] {
                check_misuses(1, || {
                    if is_page {
                        sparse.unmap_local(addr);
                    } else {
                        sparse.unmap(addr);
                    }
                    Ok(())
                })?;
            }
            check_eq!(phys_at(page), Some(range.phys));
            check_eq!(phys_at(area), Some(range.phys + PAGE));
            sparse.unmap(area);
            sparse.unmap_local(page);
        }
        check_eq!(phys_at(ours), Some(range.phys));
        iounmap(ours);
        Ok(())
    }

    #[test]
    fn s31_c_api_unmap_by_each_function_of_what_is_not_its() -> Outcome {
        let range = require!(TestRange::reserved());
        let device = require!(Device::ivshmem());
        let (pdev, wrong) = (device.as_ptr(), Wrong::new(range)?);
        let ours = check_ok!(ioremap(WC, range.phys, 2 * PAGE).ok_or(ENOMEM));
        let inside = ours + PAGE as usize;
        let around = [0, ours - 1, inside, inside + PAGE as usize];
        wrong.check_refused("iounmap", &around, iounmap)?;
        // SAFETY: What is not mapped is refused.
        wrong.check_refused("pci_iounmap", &around, |addr| unsafe {
            (OURS.pci_iounmap)(pdev, addr)
        })?;
        let around = [0, ours, ours - 1, inside];
        // SAFETY: As above, and what has another owner.
        wrong.check_refused("devm_iounmap", &around, |addr| unsafe {
            (OURS.devm_iounmap)(pdev, addr)
        })?;
        // SAFETY: As above.
        wrong.check_refused("pcim_iounmap", &around, |addr| unsafe {
            (OURS.pcim_iounmap)(pdev, addr)
        })?;
        check_eq!(phys_at(ours), Some(range.phys));
        iounmap(ours);
        Ok(())
    }

    #[test]
    fn s4_c_api_each_function_refuses_what_c_refuses() -> Outcome {
        let range = require!(TestRange::reserved());
        let device = require!(Device::ivshmem());
        let before = KernelState::now()?;
        for (phys, size) in refused_ranges(range) {
            for driver in [&OURS, &CHECKED, &c::iomrs_c_plain_driver] {
                let suppression = c::iomrs_c_suppress_warnings();
                let mapped = count_mapped(driver, &device, phys, size);
                // SAFETY: The suppression began above.
                unsafe { c::iomrs_c_end_suppress_warnings(suppression) };
                if mapped? != 0 {
                    fail!("{size:#x} bytes at {phys:#x} are mapped")
                }
            }
        }
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s25_c_api_takes_any_protection_as_c() -> Outcome {
        let range = require!(TestRange::reserved());
        // Without PAT no mode has its bit.
        let all = if c::iomrs_c_pat_enabled() {
            usize::MAX
        } else {
            !0x80
        };
        for prot in [0, all, 1 << 63, 0x8, 0x10, 0x18, !0x98] {
            let mut entries = [None; 2];
            for (driver, entry) in
                Iterator::zip([&OURS, &c::iomrs_c_plain_driver].into_iter(), &mut entries)
            {
                // SAFETY: A range that nobody else uses. It is unmapped once.
                let addr = unsafe { (driver.ioremap_prot)(range.phys, PAGE as usize, prot) };
                if addr != 0 {
                    *entry = Translation::of(addr).map(|found| (found.phys, found.bits));
                    // SAFETY: As above.
                    unsafe { (driver.iounmap)(addr) };
                }
            }
            if entries[0].is_none() || entries[0] != entries[1] {
                fail!("{prot:#x}: {entries:x?}")
            }
        }
        // Bits that are no mode's: C takes the mode that the CPU has there.
        // SAFETY: It is refused.
        let addr = unsafe { (OURS.ioremap_prot)(range.phys, PAGE as usize, 0x80) };
        check_eq!(addr, 0);
        Ok(())
    }

    #[test]
    fn s36_c_api_numbers_of_bars_as_in_c() -> Outcome {
        let devices = [require!(Device::ivshmem()), require!(Device::testdev())];
        for device in &devices {
            let pdev = device.as_ptr();
            for bar in [i32::MIN, -1, 6, 17, i32::MAX] {
                for driver in [&OURS, &c::iomrs_c_plain_driver] {
                    // SAFETY: There is no such BAR.
                    unsafe {
                        check_eq!((driver.pci_iomap)(pdev, bar, 0, 0, false), 0);
                        check_eq!((driver.pcim_iomap)(pdev, bar, 0), 0);
                        let region = (driver.pcim_iomap_region)(pdev, bar) as isize as i32;
                        check_eq!(region, EINVAL.to_errno());
                        (driver.pcim_iounmap_region)(pdev, bar);
                    }
                }
            }
        }
        check_misuses(6, || {
            // SAFETY: NULL is refused.
            unsafe {
                let none = ptr::null_mut();
                check_eq!((OURS.pcim_iomap)(none, 0, 0), 0);
                check!(((OURS.pcim_iomap_range)(none, 0, 0, 0) as isize) < 0);
                check!(((OURS.pcim_iomap_region)(none, 0) as isize) < 0);
                check!((OURS.pcim_iomap_regions)(none, 1) < 0);
                (OURS.pcim_iounmap)(none, 0);
                (OURS.pcim_iounmap_region)(none, 0);
            }
            Ok(())
        })
    }
}
