// SPDX-License-Identifier: GPL-2.0

//! BARs: the region request, the mapping, and what becomes of them when the device goes.

use crate::{
    c,
    support::{c_bars::*, compare::*, outcome::*, proc_files::Seen, ranges::*},
};
use io_mapping_rs::{
    ioremap::Options,
    pci::{Aperture, Bar, WcBar},
    CacheMode,
};
use kernel::{io::Io, prelude::*};

#[kunit_tests(iomrs_bars)]
mod tests {
    use super::*;

    #[test]
    fn s36_bar_is_requested_and_mapped() -> Verdict {
        let device = need!(Device::ivshmem());
        let Some(range) = device.bar(0) else {
            fail!("no BAR 0")
        };
        let before = Seen::now()?;
        same!(region_is_taken()?, false);
        let bar = ok!(Bar::iomap(device.bound(), 0, 0, NAME));
        same!(region_is_taken()?, true);
        same!(bar.size() as u64, range.size);
        same!(Page::at(bar.addr()).map(|page| page.phys), Some(range.phys));
        same!(bar.requested(), CacheMode::UncachedMinus);
        ok!((&bar).try_read32(0));
        refused!((&bar).try_read32(range.size as usize), EINVAL);
        drop(bar);
        same!(region_is_taken()?, false);
        same!(Seen::now()?, before);
        Ok(())
    }

    #[test]
    fn s36_no_such_bar() -> Verdict {
        let device = need!(Device::ivshmem());
        for bar in [6, 7, 255, u32::MAX] {
            refused!(Bar::iomap(device.bound(), bar, 0, NAME), EINVAL);
            refused!(Aperture::new_wc(device.bound(), bar, NAME), EINVAL);
        }
        // The upper half of BAR 2, and one that the device does not have.
        for bar in [3, 5] {
            refused!(Bar::iomap(device.bound(), bar, 0, NAME), ENODEV);
            refused!(Aperture::new_wc(device.bound(), bar, NAME), ENODEV);
        }
        Ok(())
    }

    #[test]
    fn s37_port_bar_is_not_memory() -> Verdict {
        let device = need!(Device::testdev());
        let bar = Device::PORT_BAR;
        let before = Seen::now()?;
        check!(device.bar(bar).is_some());
        refused!(Bar::iomap(device.bound(), bar, 0, NAME), ENODEV);
        refused!(WcBar::iomap(device.bound(), bar, 0, NAME), ENODEV);
        refused!(Aperture::new_wc(device.bound(), bar, NAME), ENODEV);
        same!(Seen::now()?, before);
        // The memory BAR beside it is to be had.
        ok!(Bar::iomap(device.bound(), 0, 0, NAME));
        Ok(())
    }

    #[test]
    fn taken_bar_is_ebusy() -> Verdict {
        let device = need!(Device::ivshmem());
        let bar = ok!(Bar::iomap(device.bound(), 2, 0, NAME));
        let before = Seen::now()?;
        refused!(Bar::iomap(device.bound(), 2, 0, NAME), EBUSY);
        refused!(Aperture::new_wc(device.bound(), 2, NAME), EBUSY);
        same!(Seen::now()?, before);
        ok!(Bar::iomap(device.bound(), 0, 0, NAME));
        drop(bar);
        ok!(Aperture::new_wc(device.bound(), 2, NAME));
        Ok(())
    }

    #[test]
    fn failed_mapping_gives_the_region_back() -> Verdict {
        let device = need!(Device::ivshmem());
        let Some(range) = device.bar(2) else {
            fail!("no BAR 2")
        };
        if !c::iomrs_c_pat_enabled() {
            return skip(c"no PAT, so no conflict of cache modes");
        }
        let live = Theirs::map(CacheMode::WriteBack, range.phys, PAGE);
        check!(live.is_some());
        let before = Seen::now()?;
        refused!(WcBar::iomap(device.bound(), 2, 0, NAME), EBUSY);
        refused!(Aperture::new_wc(device.bound(), 2, NAME), EBUSY);
        same!(region_is_taken()?, false);
        same!(Seen::now()?, before);
        drop(live);
        ok!(WcBar::iomap(device.bound(), 2, 0, NAME));
        Ok(())
    }

    #[test]
    fn every_mode_and_aperture() -> Verdict {
        let device = need!(Device::ivshmem());
        let Some(range) = device.bar(2) else {
            fail!("no BAR 2")
        };
        for mode in CacheMode::ALL {
            let bar = ok!(Bar::iomap_with(
                device.bound(),
                2,
                0,
                0,
                NAME,
                Options::new(mode)
            ));
            same!((bar.requested(), bar.size() as u64), (mode, range.size));
            let Some(theirs) = Theirs::map(mode, range.phys, PAGE) else {
                fail!("C maps nothing {:?}", mode)
            };
            let value = 0xba2_0000 | raw(mode);
            ok!((&bar).try_write32(value, 64));
            same!(theirs.read32(64), value);
            drop(bar);
            let options = Options::new(mode);
            let aperture = ok!(Aperture::new(device.bound(), 2, NAME, options, strategy()));
            same!(ok!(aperture.map_local(0)).try_read32(64), Ok(value));
        }
        Ok(())
    }

    #[test]
    fn devres_ends_with_the_device() -> Verdict {
        let device = need!(Device::ivshmem());
        let before = Seen::now()?;
        let bar = ok!(ok!(Bar::iomap(device.bound(), 0, 0, NAME)).into_devres());
        let aperture = ok!(ok!(Aperture::new_wc(device.bound(), 2, NAME)).into_devres());
        {
            let bar = ok!(bar.access(device.bound().as_ref()));
            ok!(bar.try_read32(0));
            let aperture = ok!(aperture.access(device.bound().as_ref()));
            ok!(ok!(aperture.map_local(PAGE)).try_write32(7, 0));
        }
        let unbound = ok!(device.unbind(|| -> Verdict<_> {
            let gone = bar.try_access().is_none() && aperture.try_access().is_none();
            Ok((gone, region_is_taken()?, Seen::now()?))
        }));
        let (gone, taken, seen) = unbound?;
        check!(gone);
        same!(taken, false);
        same!(seen, before);
        // Bound again it starts anew, and what is left of the old does not give access.
        check!(bar.try_access().is_none());
        let device = need!(Device::ivshmem());
        ok!(Bar::iomap(device.bound(), 0, 0, NAME));
        Ok(())
    }

    #[test]
    fn devres_dropped_early_unmaps() -> Verdict {
        let device = need!(Device::ivshmem());
        let before = Seen::now()?;
        drop(ok!(
            ok!(Bar::iomap(device.bound(), 0, 0, NAME)).into_devres()
        ));
        same!(region_is_taken()?, false);
        same!(Seen::now()?, before);
        Ok(())
    }
}
