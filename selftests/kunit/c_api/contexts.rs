// SPDX-License-Identifier: GPL-2.0

//! What a C driver may call in which context, and on which CPU.

use super::driver::*;
use crate::{
    c::{self, iomrs_c_checked_driver as CHECKED, iomrs_c_driver as OURS},
    support::{
        contexts::*, devices::Device, mappings::*, outcome::*, proc_files::KernelState, ranges::*,
        reclaim::in_reclaim, translation::*,
    },
};
use core::{
    ffi::c_void,
    ptr,
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
};
use kernel::prelude::*;

/// The interrupts in which nothing may be mapped or unmapped.
fn interrupts() -> &'static [Context] {
    if cfg!(CONFIG_PREEMPT_RT) {
        &[Context::HardInterrupt]
    } else {
        &[Context::SoftInterrupt, Context::HardInterrupt]
    }
}

/// Calls `f`. Returns 0, as a function of C that maps nothing.
fn returns_nothing(f: impl FnOnce()) -> usize {
    f();
    0
}

/// Calls each function in each kind of interrupt, with a device. Fails the test unless each returns what is no
/// address and is reported once.
fn check_refused_in_interrupts(
    pdev: *mut c_void,
    functions: &[(&str, &(dyn Fn(*mut c_void) -> usize + Sync))],
) -> Outcome {
    let (before, device) = (KernelState::now()?, pdev.expose_provenance());
    for &context in interrupts() {
        for (name, function) in functions {
            let mut result = None;
            let found = count_misuses(|| {
                let call = move || function(ptr::with_exposed_provenance_mut(device));
                result = context.run(call);
            });
            let is_refused = result.is_some_and(|addr| addr == 0 || addr as isize > -4096);
            let is_refused = is_refused && result.is_some_and(|addr| addr as isize <= 0);
            if found != 1 || !is_refused {
                fail!("{name} in {context:?} returns {result:x?}, and is reported {found} times")
            }
        }
    }
    check_eq!(KernelState::now()?, before);
    Ok(())
}

#[kunit_tests(iomrs_c_contexts)]
mod tests {
    use super::*;

    #[test]
    fn s27_c_api_maps_nothing_in_interrupts() -> Outcome {
        let range = require!(TestRange::reserved());
        let device = require!(Device::ivshmem());
        let (phys, page) = (range.phys, PAGE as usize);
        let sparse = check_ok!(Aperture::new(&CHECKED, phys, PAGE).ok_or(ENOMEM));
        // SAFETY: The device is bound to the tests, which alone use its BARs. All is refused.
        unsafe {
            check_refused_in_interrupts(
                device.as_ptr(),
                &[
                    ("ioremap_prot", &|_| (OURS.ioremap_prot)(phys, page, 0)),
                    ("create", &|_| (OURS.create_wc)(phys, page).addr()),
                    ("create", &|_| (CHECKED.create_wc)(phys, page).addr()),
                    ("map_wc", &|_| sparse.map(0, PAGE)),
                    ("pci_iomap", &|pdev| (OURS.pci_iomap)(pdev, 0, 0, 0, false)),
                    ("pci_ioremap_bar", &|pdev| {
                        (OURS.pci_ioremap_bar)(pdev, 0, false)
                    }),
                    ("pcim_iomap", &|pdev| (OURS.pcim_iomap)(pdev, 0, 0)),
                    ("pcim_iomap_range", &|pdev| {
                        (OURS.pcim_iomap_range)(pdev, 0, 0, 0)
                    }),
                    ("pcim_iomap_region", &|pdev| {
                        (OURS.pcim_iomap_region)(pdev, 0)
                    }),
                    ("pcim_iomap_regions", &|pdev| {
                        (OURS.pcim_iomap_regions)(pdev, 1) as isize as usize
                    }),
                    ("devm_ioremap", &|pdev| {
                        (OURS.devm_ioremap)(pdev, phys, page)
                    }),
                    ("devm_ioremap_resource", &|pdev| {
                        (OURS.devm_ioremap_resource)(pdev, 0, 0)
                    }),
                ],
            )
        }
    }

    #[test]
    fn s27_c_api_unmaps_nothing_in_interrupts() -> Outcome {
        let range = require!(TestRange::reserved());
        let device = require!(Device::ivshmem());
        let (pdev, phys) = (device.as_ptr(), range.phys);
        let ours = check_ok!(ioremap(WC, phys, PAGE).ok_or(ENOMEM));
        let whole = check_ok!(Aperture::new(&OURS, phys, PAGE).ok_or(ENOMEM));
        let sparse = check_ok!(Aperture::new(&CHECKED, phys, 4 * PAGE).ok_or(ENOMEM));
        let area = sparse.map(0, 2 * PAGE);
        // SAFETY: The device is bound to the tests, which alone use its BARs. In interrupts all is refused.
        unsafe {
            let managed = (OURS.devm_ioremap)(pdev, device.bar(2)?.phys, PAGE as usize);
            check!(managed != 0 && area != 0);
            check_refused_in_interrupts(
                pdev,
                &[
                    ("pci_iounmap", &|pdev| {
                        returns_nothing(|| (OURS.pci_iounmap)(pdev, ours))
                    }),
                    ("unmap", &|_| returns_nothing(|| sparse.unmap(area))),
                    ("fini", &|_| returns_nothing(|| (OURS.fini)(whole.as_ptr()))),
                    ("free", &|_| returns_nothing(|| (OURS.free)(whole.as_ptr()))),
                    ("free", &|_| {
                        returns_nothing(|| (CHECKED.free)(sparse.as_ptr()))
                    }),
                    ("devm_iounmap", &|pdev| {
                        returns_nothing(|| (OURS.devm_iounmap)(pdev, managed))
                    }),
                    ("pcim_iounmap", &|pdev| {
                        returns_nothing(|| (OURS.pcim_iounmap)(pdev, managed))
                    }),
                    ("pcim_iounmap_region", &|pdev| {
                        returns_nothing(|| (OURS.pcim_iounmap_region)(pdev, 0))
                    }),
                ],
            )?;
            (OURS.devm_iounmap)(pdev, managed);
        }
        check_eq!((phys_at(ours), phys_at(area)), (Some(phys), Some(phys)));
        check_misuses(0, || {
            iounmap(ours);
            sparse.unmap(area);
            Ok(())
        })
    }

    #[test]
    fn s27_c_api_maps_pages_in_any_context() -> Outcome {
        let range = require!(TestRange::reserved());
        for driver in [&OURS, &CHECKED] {
            let ours = check_ok!(Aperture::new(driver, range.phys, 4 * PAGE).ok_or(ENOMEM));
            check_misuses(0, || {
                let map = || {
                    let local = ours.map_local(PAGE);
                    let atomic = ours.map_atomic(2 * PAGE);
                    let found = (phys_at(local), phys_at(atomic));
                    ours.unmap_atomic(atomic);
                    ours.unmap_local(local);
                    found
                };
                let expected = (Some(range.phys + PAGE), Some(range.phys + 2 * PAGE));
                for context in Context::ALL {
                    check_eq!(context.run(map), Some(expected));
                }
                let mut found = None;
                without_soft_interrupts(|| found = Some(map()));
                check_eq!(found, Some(expected));
                let atomic = ours.map_atomic(0);
                let found = map();
                ours.unmap_atomic(atomic);
                check_eq!(found, expected);
                Ok(())
            })?;
        }
        // A wrong unmap is reported there, too.
        for context in Context::ALL {
            check_misuses(1, || {
                // SAFETY: It is refused.
                let unmap = || unsafe { (CHECKED.unmap_local)(PAGE as usize) };
                check_eq!(context.run(unmap), Some(()));
                Ok(())
            })?;
        }
        Ok(())
    }

    #[test]
    fn s51_c_api_maps_and_unmaps_in_reclaim() -> Outcome {
        let range = require!(TestRange::reserved());
        for driver in [&OURS, &CHECKED] {
            let before = KernelState::now()?;
            let ours = check_ok!(Aperture::new(driver, range.phys, 4 * PAGE).ok_or(ENOMEM));
            let registers = check_ok!(ioremap(WC, range.phys, PAGE).ok_or(ENOMEM));
            let area = ours.map(0, 2 * PAGE);
            check_eq!(phys_at(area), Some(range.phys));
            let mut found = Ok((None, None));
            check_misuses(0, || {
                found = in_reclaim(|| {
                    let local = ours.map_local(PAGE);
                    let atomic = ours.map_atomic(2 * PAGE);
                    let found = (phys_at(local), phys_at(atomic));
                    ours.unmap_atomic(atomic);
                    ours.unmap_local(local);
                    ours.unmap(area);
                    iounmap(registers);
                    drop(ours);
                    found
                });
                Ok(())
            })?;
            check_eq!(
                found?,
                (Some(range.phys + PAGE), Some(range.phys + 2 * PAGE))
            );
            check_eq!(KernelState::now()?, before);
        }
        Ok(())
    }

    #[test]
    fn s45_unmap_on_another_cpu_is_noticed() -> Outcome {
        let range = require!(TestRange::reserved());
        let ours = check_ok!(Aperture::new(&CHECKED, range.phys, PAGE).ok_or(ENOMEM));
        if c::iomrs_c_num_online_cpus() < 2 {
            return skip(c"one CPU");
        }
        let (addr, cpu) = (AtomicUsize::new(0), AtomicU32::new(0));
        // With more than two CPUs both threads may be elsewhere. One of them unmaps.
        let (taken, unmapped) = (AtomicU32::new(0), AtomicU32::new(0));
        let unmap_elsewhere = || {
            while addr.load(Ordering::Acquire) == 0 {
                c::iomrs_c_msleep(1);
            }
            if c::iomrs_c_this_cpu() != cpu.load(Ordering::Relaxed)
                && taken.swap(1, Ordering::Relaxed) == 0
            {
                // SAFETY: It is refused.
                unsafe { (CHECKED.unmap_local)(addr.load(Ordering::Relaxed)) };
                unmapped.store(1, Ordering::Release);
            }
        };
        let mut found = None;
        check_misuses(1, || {
            let _threads = [
                Thread::start(Some(0), &unmap_elsewhere)?,
                Thread::start(Some(1), &unmap_elsewhere)?,
            ];
            let page = ours.map_atomic(0);
            cpu.store(c::iomrs_c_this_cpu(), Ordering::Relaxed);
            addr.store(page, Ordering::Release);
            while unmapped.load(Ordering::Acquire) == 0 {
                core::hint::spin_loop();
            }
            found = phys_at(page);
            ours.unmap_atomic(page);
            Ok(())
        })?;
        check_eq!(found, Some(range.phys));
        Ok(())
    }
}
