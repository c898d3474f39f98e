// SPDX-License-Identifier: GPL-2.0

//! BARs that a device takes back, while tasks that sleep have access to them.

use crate::{
    c,
    support::{
        c_bars::*, contexts::*, devices::*, mappings::*, outcome::*, proc_files::*, ranges::*,
    },
};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use io_mapping_rs::{
    io_mapping::Map,
    ioremap::Options,
    pci::{Aperture, Bar, SleepableAperture},
};
use kernel::prelude::*;

/// How often the driver is unbound while others use the aperture.
const CYCLES: u32 = 20;

fn aperture(device: &Device) -> Result<SleepableAperture> {
    Aperture::new(device.bound(), 2, NAME, Options::new(WC), strategy())?.into_sleepable_devres()
}

/// Holds a map of two pages of the aperture, at `offset`, until the driver waits to be unbound and for
/// some time after that. Returns whether each page has held each value that was written to it.
fn hold(aperture: &SleepableAperture, offset: u64, held: &AtomicBool) -> Result<bool> {
    aperture.try_access_with(|bar| {
        let map = bar.map(offset, 2 * PAGE)?;
        let mut good = write_and_read(&map, 0)?;
        held.store(true, Ordering::Release);
        while !aperture.is_revoked() {
            good &= write_and_read(&map, 1)?;
            c::iomrs_c_msleep(1);
        }
        for value in 2..20 {
            good &= write_and_read(&map, value)?;
            c::iomrs_c_msleep(1);
        }
        // Who asks for access now does not get it, also where it has some already.
        good &= aperture.try_access_with(|_| ()) == Err(ENODEV);
        Ok(good)
    })?
}

fn write_and_read(map: &Map<'_>, value: u32) -> Result<bool> {
    let last = map.size() - 4;
    map.try_write32(value, 0)?;
    map.try_write32(!value, last)?;
    Ok(map.try_read32(0)? == value && map.try_read32(last)? == !value)
}

/// Writes a value to a page of this CPU, that of `next`, and reads it by a map of each kind. Returns whether it is read.
fn value_is_kept(aperture: &SleepableAperture, cpu: u32, next: &AtomicU32) -> Result<bool> {
    let page = u64::from(cpu) * PAGE_2M + PAGE;
    aperture.try_access_with(|bar| {
        let value = next.fetch_add(1, Ordering::Relaxed);
        bar.map_local(page)?.try_write32(value, 4)?;
        let lasting = bar.map(page, PAGE)?.try_read32(4)?;
        let atomic = bar.map_atomic(page, |map| map.try_read32(4))??;
        Ok((lasting, atomic) == (value, value))
    })?
}

#[kunit_tests(iomrs_sleepable_devres)]
mod tests {
    use super::*;

    #[test]
    fn s46_unbinding_waits_for_a_task_that_sleeps() -> Outcome {
        let device = require!(Device::ivshmem());
        let before = KernelState::now()?;
        let aperture = check_ok!(aperture(&device));
        let (held, done) = (AtomicBool::new(false), AtomicBool::new(false));
        let good = AtomicBool::new(false);
        let holder = || {
            let result = hold(&aperture, 0, &held);
            good.store(result == Ok(true), Ordering::Relaxed);
            held.store(true, Ordering::Release);
            done.store(true, Ordering::Release);
        };
        let thread = Thread::start(None, &holder)?;
        while !held.load(Ordering::Acquire) {
            c::iomrs_c_msleep(1);
        }
        check!(!aperture.is_revoked());
        let unbound = check_ok!(device.unbind(|| -> Outcome<_> {
            let refused = aperture.try_access_with(|_| ()) == Err(ENODEV);
            Ok((refused, region_is_requested()?, KernelState::now()?))
        }));
        // Had unbinding not waited, the holder would have faulted, or found other values.
        drop(thread);
        check!(done.load(Ordering::Acquire) && good.load(Ordering::Relaxed));
        check!(aperture.is_revoked());
        check_eq!(unbound?, (true, false, before));
        Ok(())
    }

    #[test]
    fn s46_revoking_waits_and_leaves_the_bar_requested() -> Outcome {
        let device = require!(Device::ivshmem());
        let aperture = check_ok!(aperture(&device));
        let (held, done) = (AtomicBool::new(false), AtomicBool::new(false));
        let holder = || {
            let result = hold(&aperture, PAGE, &held);
            done.store(result == Ok(true), Ordering::Release);
            held.store(true, Ordering::Release);
        };
        let thread = Thread::start(None, &holder)?;
        while !held.load(Ordering::Acquire) {
            c::iomrs_c_msleep(1);
        }
        aperture.revoke();
        let refused = aperture.try_access_with(|_| ()) == Err(ENODEV);
        // The driver itself, which is bound, reads what the holder has written at last.
        let bar = check_ok!(aperture.access(device.bound().as_ref()));
        let last = check_ok!(bar.map_local(PAGE)).try_read32(0);
        drop(thread);
        check_eq!(last, Ok(19));
        check!(refused && done.load(Ordering::Acquire));
        check_eq!(region_is_requested()?, true);
        drop(aperture);
        check_eq!(region_is_requested()?, false);
        Ok(())
    }

    #[test]
    fn s46_unbinding_while_two_cpus_map_in_each_way() -> Outcome {
        require!(two_cpus());
        let before = KernelState::now()?;
        for _ in 0..CYCLES {
            let device = require!(Device::ivshmem());
            let aperture = check_ok!(aperture(&device));
            let (seen, bad) = (AtomicU32::new(0), AtomicU32::new(0));
            let until_unbound = |cpu: u32| {
                let result = loop {
                    match value_is_kept(&aperture, cpu, &seen) {
                        Ok(true) => (),
                        Ok(false) => break EIO,
                        Err(err) => break err,
                    }
                };
                if result != ENODEV {
                    bad.fetch_add(1, Ordering::Relaxed);
                }
            };
            let (first, second) = (|| until_unbound(0), || until_unbound(1));
            let threads = (
                Thread::start(Some(0), &first)?,
                Thread::start(Some(1), &second)?,
            );
            while seen.load(Ordering::Relaxed) < 100 && bad.load(Ordering::Relaxed) == 0 {
                c::iomrs_c_msleep(1);
            }
            let after_unbinding = check_ok!(device.unbind(|| {
                let first = seen.load(Ordering::Relaxed);
                c::iomrs_c_msleep(1);
                seen.load(Ordering::Relaxed) - first
            }));
            drop(threads);
            check_eq!((after_unbinding, bad.load(Ordering::Relaxed)), (0, 0));
        }
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s46_access_by_a_device_that_is_bound() -> Outcome {
        let device = require!(Device::ivshmem());
        let other = require!(Device::testdev());
        let bar =
            check_ok!(check_ok!(Bar::iomap(device.bound(), 0, 0, NAME)).into_sleepable_devres());
        check_ok!(check_ok!(bar.access(device.bound().as_ref())).try_read32(0));
        check_err!(bar.access(other.bound().as_ref()), EINVAL);
        check_ok!(device.unbind(|| ()));
        // Bound again: what it was bound to before is gone.
        let device = require!(Device::ivshmem());
        check_err!(bar.access(device.bound().as_ref()), ENODEV);
        check_err!(bar.try_access_with(|_| ()), ENODEV);
        check_ok!(Bar::iomap(device.bound(), 0, 0, NAME));
        Ok(())
    }

    #[test]
    fn s47_device_that_does_not_decode_reads_as_in_c() -> Outcome {
        let device = require!(Device::ivshmem());
        let phys = device.bar(2)?.phys;
        let aperture = check_ok!(aperture(&device));
        let in_c = CMapping::new(WC, phys, PAGE)?;
        let value = 0x5047;
        let read = || {
            aperture.try_access_with(|bar| -> Result<_> {
                let local = bar.map_local(0)?.try_read32(4)?;
                let atomic = bar.map_atomic(0, |map| map.try_read32(4))??;
                Ok([local, atomic, bar.map(0, PAGE)?.try_read32(4)?])
            })?
        };
        let write =
            |value| aperture.try_access_with(|bar| bar.map_local(0)?.try_write32(value, 4))?;
        check_ok!(write(value));
        {
            let _decode_off = DecodeOff::new(&device);
            // A machine reads all ones, QEMU zero.
            let nothing = in_c.read32(4);
            check!(nothing != value);
            check_eq!(check_ok!(read()), [nothing; 3]);
            check_ok!(write(!value));
        }
        // The write has not arrived.
        check_eq!(check_ok!(read()), [value; 3]);
        check_eq!(in_c.read32(4), value);
        Ok(())
    }

    #[test]
    fn s46_dropped_early_unmaps() -> Outcome {
        let device = require!(Device::ivshmem());
        let before = KernelState::now()?;
        let aperture = check_ok!(aperture(&device));
        check_ok!(check_ok!(
            aperture.try_access_with(|bar| bar.map_local(0).map(|_| ()))
        ));
        drop(aperture);
        check_eq!(region_is_requested()?, false);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }
}
