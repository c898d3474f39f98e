// SPDX-License-Identifier: GPL-2.0

//! Which BARs each type takes, and what it returns for the others, beside C's `pci_iomap()`.

use super::part::*;
use crate::{
    c,
    support::{
        accessors::*, c_bars::*, devices::*, mappings::*, outcome::*, proc_files::KernelState,
        ranges::*,
    },
};
use io_mapping_rs::{
    ioremap::Options,
    pci::{Aperture, Bar, IoBar, WcBar},
    CacheMode, Strategy,
};
use kernel::prelude::*;

#[kunit_tests(iomrs_bar_types)]
mod tests {
    use super::*;

    #[test]
    fn s36_write_combining_is_achieved_as_in_c() -> Outcome {
        let device = require!(Device::ivshmem());
        let range = device.bar(2)?;
        let bar = check_ok!(WcBar::iomap(device.bound(), 2, 2 * PAGE_2M, NAME));
        let expected = if c::iomrs_c_pat_enabled() {
            CacheMode::WriteCombining
        } else {
            CacheMode::UncachedMinus
        };
        check_eq!((bar.achieved(), bar.size() as u64), (expected, 2 * PAGE_2M));
        check_eq!(bar.bar_size(), range.size);
        drop(bar);
        // A live mapping of another mode weakens it. A stock kernel does not tell modules.
        let _live = CMapping::new(CacheMode::UncachedMinus, range.phys, PAGE)?;
        let bar = check_ok!(WcBar::iomap(device.bound(), 2, PAGE, NAME));
        if cfg!(iomrs_exported) {
            check_eq!(bar.achieved(), CacheMode::UncachedMinus);
        }
        Ok(())
    }

    #[test]
    fn s37_each_type_takes_its_kind_of_bar() -> Outcome {
        let device = require!(Device::testdev());
        let (memory, ports) = (0, Device::PORT_BAR);
        let before = KernelState::now()?;
        let memory_size = device.bar(memory)?.size as usize;
        let port_count = device.bar(ports)?.size as usize;
        let expected = [
            Ok(memory_size),
            Ok(memory_size),
            Err(ENODEV),
            Ok(memory_size),
        ];
        check_eq!(Part::whole(&device, memory).map_as_each_type(), expected);
        let expected = [Err(ENODEV), Err(ENODEV), Ok(port_count), Ok(port_count)];
        check_eq!(Part::whole(&device, ports).map_as_each_type(), expected);
        for options in CacheMode::ALL.map(Options::new) {
            check_err!(
                Bar::iomap_with(device.bound(), ports, 0, 0, NAME, options),
                ENODEV
            );
            for strategy in [Strategy::Auto, Strategy::Whole, Strategy::Sparse] {
                let aperture = Aperture::new(device.bound(), ports, NAME, options, strategy);
                check_err!(aperture, ENODEV);
            }
        }
        check_eq!(region_is_requested()?, false);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s36_no_such_bar_as_any_type() -> Outcome {
        let device = require!(Device::testdev());
        for bar in [6, 7, 16, 17, 255, 256, 1 << 31, u32::MAX - 1, u32::MAX] {
            check_eq!(
                Part::whole(&device, bar).map_as_each_type(),
                [Err(EINVAL); 4]
            );
            check_eq!(
                Part::new(&device, bar, u64::MAX, 1).map_as_each_type(),
                [Err(EINVAL); 4]
            );
        }
        for bar in [16, 17, 255, 256, 1 << 31, u32::MAX] {
            Part::whole(&device, bar).check_refused([Err(EINVAL); 4])?;
        }
        for bar in [3, 4, 5] {
            Part::whole(&device, bar).check_refused([Err(ENODEV); 4])?;
            // That the BAR is missing comes before a bad offset.
            Part::new(&device, bar, 1, 1).check_refused([Err(ENODEV); 4])?;
        }
        Ok(())
    }

    #[test]
    fn s36_unassigned_bar_is_enodev() -> Outcome {
        let device = require!(Device::testdev());
        for bar in [0, Device::PORT_BAR, 2] {
            let range = device.bar(bar)?;
            let before = KernelState::now()?;
            let unassigned = UnassignedBar::new(&device, bar);
            let found = Part::whole(&device, bar).map_as_each_type();
            let part = Part::new(&device, bar, range.size, 1).map_as_each_type();
            let aperture = Aperture::new_wc(device.bound(), bar, NAME).err();
            let refused_by_c = Part::whole(&device, bar).is_refused_by_c(false);
            drop(unassigned);
            check_eq!((found, part), ([Err(ENODEV); 4], [Err(ENODEV); 4]));
            check_eq!(aperture, Some(ENODEV));
            check!(refused_by_c);
            check_eq!(region_is_requested()?, false);
            check_eq!(KernelState::now()?, before);
            check_eq!(device.bar(bar)?.phys, range.phys);
            check_ok!(IoBar::iomap(device.bound(), bar, PAGE, NAME));
        }
        Ok(())
    }

    #[test]
    fn s36_device_that_does_not_decode_maps_as_in_c() -> Outcome {
        let (testdev, ivshmem) = (require!(Device::testdev()), require!(Device::ivshmem()));
        for (device, bar, at) in [
            (&testdev, 0, 16),
            (&testdev, Device::PORT_BAR, 16),
            (&ivshmem, 2, 64),
        ] {
            let in_c = Part::new(device, bar, 0, PAGE).map_in_c(false)?;
            let cookie = in_c.cookie().offset(at);
            // What is read is the name of a test, or what is written to memory.
            in_c.cookie().write(Access::Plain8, 0);
            cookie.write(Access::Plain32, 0x600d_d00d);
            let decoded = cookie.read(Access::Plain32);
            let decode_off = DecodeOff::new(device);
            let ours = check_ok!(IoBar::iomap(device.bound(), bar, PAGE, NAME));
            let read = (
                ours.try_read32(at).map(u64::from),
                cookie.read(Access::Plain32),
            );
            let written = ours.try_write32(!0, at);
            drop(decode_off);
            check_eq!(read.0, Ok(read.1));
            check!(read.1 != decoded);
            check_eq!(written, Ok(()));
            // The write has not arrived: what is read now is what was there before.
            check_eq!(ours.try_read32(at).map(u64::from), Ok(decoded));
            check_eq!(cookie.read(Access::Plain32), decoded);
        }
        Ok(())
    }

    #[test]
    fn s36_failure_releases_the_region() -> Outcome {
        let (testdev, ivshmem) = (require!(Device::testdev()), require!(Device::ivshmem()));
        for (device, bar) in [(&testdev, 0), (&testdev, Device::PORT_BAR), (&ivshmem, 2)] {
            let size = device.bar(bar)?.size;
            let held = check_ok!(IoBar::iomap(device.bound(), bar, PAGE, NAME));
            let is_port = held.ports().is_some();
            let busy = errors(is_port, EBUSY);
            check_eq!(Part::new(device, bar, 0, PAGE).map_as_each_type(), busy);
            // The region is requested before the part is looked at.
            check_eq!(Part::new(device, bar, size, 0).map_as_each_type(), busy);
            check!(region_is_requested()?);
            drop(held);
            check_eq!(
                Part::new(device, bar, size, 0).map_as_each_type(),
                errors(is_port, EINVAL)
            );
            check_eq!(region_is_requested()?, false);
            check_ok!(IoBar::iomap(device.bound(), bar, PAGE, NAME));
            check_eq!(region_is_requested()?, false);
        }
        Ok(())
    }
}
