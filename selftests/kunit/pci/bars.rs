// SPDX-License-Identifier: GPL-2.0

//! BARs: the request of the region, the mapping, and what happens to both at unbind.

use crate::{
    c,
    support::{
        c_bars::*, devices::*, mappings::*, outcome::*, proc_files::*, ranges::*,
        translation::phys_at,
    },
};
use io_mapping_rs::{
    ioremap::Options,
    pci::{Aperture, Bar, WcBar},
    CacheMode,
};
use kernel::prelude::*;

#[kunit_tests(iomrs_bars)]
mod tests {
    use super::*;

    #[test]
    fn s36_bar_is_requested_and_mapped() -> Outcome {
        let device = require!(Device::ivshmem());
        let range = device.bar(0)?;
        let before = KernelState::now()?;
        check_eq!(region_is_requested()?, false);
        let bar = check_ok!(Bar::iomap(device.bound(), 0, 0, NAME));
        check_eq!(region_is_requested()?, true);
        check_eq!(bar.size() as u64, range.size);
        check_eq!(phys_at(bar.addr()), Some(range.phys));
        check_eq!(bar.requested(), CacheMode::UncachedMinus);
        check_ok!(bar.try_read32(0));
        check_err!(bar.try_read32(range.size as usize), EINVAL);
        drop(bar);
        check_eq!(region_is_requested()?, false);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s36_no_such_bar() -> Outcome {
        let device = require!(Device::ivshmem());
        for bar in [6, 7, 255, u32::MAX] {
            check_err!(Bar::iomap(device.bound(), bar, 0, NAME), EINVAL);
            check_err!(Aperture::new_wc(device.bound(), bar, NAME), EINVAL);
        }
        // BAR 3 is the upper half of BAR 2, and the device does not have BAR 5.
        for bar in [3, 5] {
            check_err!(Bar::iomap(device.bound(), bar, 0, NAME), ENODEV);
            check_err!(Aperture::new_wc(device.bound(), bar, NAME), ENODEV);
        }
        Ok(())
    }

    #[test]
    fn s37_port_bar_is_not_memory() -> Outcome {
        let device = require!(Device::testdev());
        let bar = Device::PORT_BAR;
        let before = KernelState::now()?;
        device.bar(bar)?;
        check_err!(Bar::iomap(device.bound(), bar, 0, NAME), ENODEV);
        check_err!(WcBar::iomap(device.bound(), bar, 0, NAME), ENODEV);
        check_err!(Aperture::new_wc(device.bound(), bar, NAME), ENODEV);
        check_eq!(KernelState::now()?, before);
        // The BAR of memory beside it can be mapped.
        check_ok!(Bar::iomap(device.bound(), 0, 0, NAME));
        Ok(())
    }

    #[test]
    fn requested_bar_is_ebusy() -> Outcome {
        let device = require!(Device::ivshmem());
        let bar = check_ok!(Bar::iomap(device.bound(), 2, 0, NAME));
        let before = KernelState::now()?;
        check_err!(Bar::iomap(device.bound(), 2, 0, NAME), EBUSY);
        check_err!(Aperture::new_wc(device.bound(), 2, NAME), EBUSY);
        check_eq!(KernelState::now()?, before);
        check_ok!(Bar::iomap(device.bound(), 0, 0, NAME));
        drop(bar);
        check_ok!(Aperture::new_wc(device.bound(), 2, NAME));
        Ok(())
    }

    #[test]
    fn failed_mapping_releases_the_region() -> Outcome {
        let device = require!(Device::ivshmem());
        let range = device.bar(2)?;
        require!(reserved_modes());
        let live = CMapping::new(CacheMode::WriteBack, range.phys, PAGE)?;
        let before = KernelState::now()?;
        check_err!(WcBar::iomap(device.bound(), 2, 0, NAME), EBUSY);
        check_err!(Aperture::new_wc(device.bound(), 2, NAME), EBUSY);
        check_eq!(region_is_requested()?, false);
        check_eq!(KernelState::now()?, before);
        drop(live);
        check_ok!(WcBar::iomap(device.bound(), 2, 0, NAME));
        Ok(())
    }

    #[test]
    fn every_mode_as_bar_and_as_aperture() -> Outcome {
        let device = require!(Device::ivshmem());
        let range = device.bar(2)?;
        for mode in CacheMode::ALL {
            let bar = check_ok!(Bar::iomap_with(
                device.bound(),
                2,
                0,
                0,
                NAME,
                Options::new(mode)
            ));
            check_eq!((bar.requested(), bar.size() as u64), (mode, range.size));
            let in_c = CMapping::new(mode, range.phys, PAGE)?;
            let value = 0xba2_0000 | c::page_cache_mode(mode);
            check_ok!(bar.try_write32(value, 64));
            check_eq!(in_c.read32(64), value);
            drop(bar);
            let options = Options::new(mode);
            let aperture = check_ok!(Aperture::new(device.bound(), 2, NAME, options, strategy()));
            check_eq!(check_ok!(aperture.map_local(0)).try_read32(64), Ok(value));
        }
        Ok(())
    }

    #[test]
    fn devres_unmaps_at_unbind() -> Outcome {
        let device = require!(Device::ivshmem());
        let before = KernelState::now()?;
        let bar = check_ok!(check_ok!(Bar::iomap(device.bound(), 0, 0, NAME)).into_devres());
        let aperture =
            check_ok!(check_ok!(Aperture::new_wc(device.bound(), 2, NAME)).into_devres());
        {
            let bar = check_ok!(bar.access(device.bound().as_ref()));
            check_ok!(bar.try_read32(0));
            let aperture = check_ok!(aperture.access(device.bound().as_ref()));
            check_ok!(check_ok!(aperture.map_local(PAGE)).try_write32(7, 0));
        }
        let unbound = check_ok!(device.unbind(|| -> Outcome<_> {
            let gone = bar.try_access().is_none() && aperture.try_access().is_none();
            Ok((gone, region_is_requested()?, KernelState::now()?))
        }));
        let (gone, requested, state) = unbound?;
        check!(gone);
        check_eq!(requested, false);
        check_eq!(state, before);
        // Bound again, the device can be mapped, and the old mapping stays inaccessible.
        check!(bar.try_access().is_none());
        let device = require!(Device::ivshmem());
        check_ok!(Bar::iomap(device.bound(), 0, 0, NAME));
        Ok(())
    }

    #[test]
    fn devres_dropped_early_unmaps() -> Outcome {
        let device = require!(Device::ivshmem());
        let before = KernelState::now()?;
        drop(check_ok!(
            check_ok!(Bar::iomap(device.bound(), 0, 0, NAME)).into_devres()
        ));
        check_eq!(region_is_requested()?, false);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }
}
