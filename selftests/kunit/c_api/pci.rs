// SPDX-License-Identifier: GPL-2.0

//! BARs, and mappings that belong to a device, by the C API beside C.

use super::driver::*;
use crate::{
    c::{self, iomrs_c_driver as OURS},
    support::{
        compare::compare_entries,
        contexts::Context,
        devices::Device,
        outcome::*,
        proc_files::{KernelState, Text},
        ranges::*,
        translation::phys_at,
    },
};
use core::ptr;
use kernel::{bindings::IORESOURCE_MEM_NONPOSTED, prelude::*};

/// Returns how many references there are to the library's module.
fn library_references() -> Outcome<u32> {
    let text = Text::read(c"/sys/module/io_mapping_rs/refcnt")?;
    Ok(check_ok!(text.as_str()?.trim().parse().map_err(|_| EINVAL)))
}

/// Maps a part of a BAR by both, and compares.
fn compare_part(device: &Device, bar: i32, offset: u64, max: u64, wc: bool) -> Outcome {
    let (pdev, before) = (device.as_ptr(), KernelState::now()?);
    // SAFETY: The device is bound to the tests, which alone use its BARs.
    let ours = unsafe { (OURS.pci_iomap)(pdev, bar, offset as usize, max as usize, wc) };
    // SAFETY: As above.
    let in_c = unsafe { c::iomrs_c_pci_iomap(pdev, bar, offset as usize, max as usize, wc) };
    check_eq!(ours == 0, in_c == 0);
    if in_c >= 0x4_0000 {
        let at = in_c % PAGE as usize;
        check_eq!(ours % PAGE as usize, at);
        compare_entries(ours, in_c, 1)?;
        let last = phys_at(ours).zip(phys_at(in_c));
        check!(last.is_some_and(|(ours, in_c)| ours == in_c));
    } else {
        // Ports: a number.
        check_eq!(ours, in_c);
    }
    if in_c != 0 {
        // SAFETY: Mapped above.
        unsafe {
            (OURS.pci_iounmap)(pdev, ours);
            c::iomrs_c_pci_iounmap(pdev, in_c);
        }
    }
    check_eq!(KernelState::now()?, before);
    Ok(())
}

#[kunit_tests(iomrs_c_pci)]
mod tests {
    use super::*;

    #[test]
    fn s36_c_api_parts_of_bars_as_in_c() -> Outcome {
        let devices = [require!(Device::ivshmem()), require!(Device::testdev())];
        for device in &devices {
            for bar in -1..8 {
                let size = device.size_of_bar(bar).unwrap_or(0x100);
                for (offset, max) in [
                    (0, 0),
                    (0, 1),
                    (8, 16),
                    (PAGE, 2 * PAGE),
                    // All that is left of the BAR, and nothing.
                    (size - 0x80, 0),
                    (size, 0),
                    (1 << 40, 0),
                    (usize::MAX as u64, 0),
                ] {
                    for wc in [false, true] {
                        compare_part(device, bar, offset, max, wc)?;
                    }
                }
            }
        }
        Ok(())
    }

    #[test]
    fn s36_c_api_whole_bars_of_memory() -> Outcome {
        let device = require!(Device::ivshmem());
        let (pdev, before) = (device.as_ptr(), KernelState::now()?);
        for (bar, wc) in [(0, false), (2, true)] {
            let range = device.bar(bar)?;
            // SAFETY: The device is bound to the tests, which alone use its BARs.
            let addr = unsafe { (OURS.pci_ioremap_bar)(pdev, bar as i32, wc) };
            check_eq!(phys_at(addr), Some(range.phys));
            check_eq!(
                phys_at(addr + range.size as usize - 1),
                Some(range.phys + range.size - 1)
            );
            // SAFETY: Mapped above.
            unsafe { (OURS.pci_iounmap)(pdev, addr) };
        }
        let ports = require!(Device::testdev());
        for (pdev, bar) in [(pdev, 1), (pdev, -1), (pdev, 6), (ports.as_ptr(), 1)] {
            // SAFETY: There is no such BAR of memory.
            check_eq!(unsafe { (OURS.pci_ioremap_bar)(pdev, bar, false) }, 0);
        }
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s36_c_api_mistakes_with_bars() -> Outcome {
        let device = require!(Device::ivshmem());
        check_misuses(4, || {
            // SAFETY: NULL is refused, and so is what is not mapped.
            unsafe {
                check_eq!((OURS.pci_iomap)(ptr::null_mut(), 0, 0, 0, false), 0);
                check_eq!((OURS.pci_ioremap_bar)(ptr::null_mut(), 0, false), 0);
                (OURS.pci_iounmap)(device.as_ptr(), 0);
                (OURS.pci_iounmap)(device.as_ptr(), 0x4_0000);
            }
            Ok(())
        })
    }

    #[test]
    fn s31_c_api_mapping_of_a_device() -> Outcome {
        let device = require!(Device::ivshmem());
        let (pdev, range, before) = (device.as_ptr(), device.bar(2)?, KernelState::now()?);
        // SAFETY: The device is bound to the tests, which alone use its BARs.
        let map = || unsafe { (OURS.devm_ioremap)(pdev, range.phys, PAGE as usize) };
        let addr = map();
        check_eq!(phys_at(addr), Some(range.phys));
        check_misuses(1, || {
            iounmap(addr);
            Ok(())
        })?;
        check_eq!(phys_at(addr), Some(range.phys));
        let device_addr = pdev.expose_provenance();
        check_misuses(1, || {
            let unmap = || {
                let pdev = ptr::with_exposed_provenance_mut(device_addr);
                // SAFETY: It is refused.
                unsafe { (OURS.devm_iounmap)(pdev, addr) }
            };
            check_eq!(Context::HardInterrupt.run(unmap), Some(()));
            Ok(())
        })?;
        check_eq!(phys_at(addr), Some(range.phys));
        check_misuses(2, || {
            // SAFETY: Mapped above. What is not mapped is refused.
            unsafe {
                (OURS.devm_iounmap)(pdev, addr);
                (OURS.devm_iounmap)(pdev, addr);
                (OURS.devm_iounmap)(pdev, 0);
            }
            Ok(())
        })?;
        check_eq!(KernelState::now()?, before);
        // The device unmaps the rest, also where the driver has gone: the library has to be there then.
        let references = library_references()?;
        for _ in 0..3 {
            check!(map() != 0);
        }
        check_eq!(library_references()?, references + 3);
        let unbound = device.unbind(|| (KernelState::now(), library_references()));
        let (after, left) = check_ok!(unbound);
        check_eq!((after?, left?), (before, references));
        Ok(())
    }

    #[test]
    fn s36_c_api_resource_of_a_device() -> Outcome {
        let device = require!(Device::ivshmem());
        let (pdev, range, before) = (device.as_ptr(), device.bar(0)?, KernelState::now()?);
        let errno = |addr: usize| addr as isize as i32;
        // SAFETY: The device is bound to the tests, which alone use its BARs.
        let map = |bar, flags| unsafe { (OURS.devm_ioremap_resource)(pdev, bar, flags) };
        check_eq!(errno(map(-1, 0)), EINVAL.to_errno());
        check_misuses(1, || {
            // SAFETY: NULL is refused.
            let addr = unsafe { (OURS.devm_ioremap_resource)(ptr::null_mut(), -1, 0) };
            check_eq!(errno(addr), EINVAL.to_errno());
            Ok(())
        })?;
        // As in C, as x86 has no `ioremap_np()`. The region is given back.
        check_eq!(
            errno(map(0, IORESOURCE_MEM_NONPOSTED as usize)),
            ENOMEM.to_errno()
        );
        let addr = map(0, 0);
        check_eq!(phys_at(addr), Some(range.phys));
        // The region is the device's now.
        check_eq!(errno(map(0, 0)), EBUSY.to_errno());
        let unbound = device.unbind(KernelState::now);
        check_eq!(check_ok!(unbound)?, before);
        Ok(())
    }
}
