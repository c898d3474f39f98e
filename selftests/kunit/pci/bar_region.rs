// SPDX-License-Identifier: GPL-2.0

//! A BAR that is requested once, and of which parts are mapped with different cache modes.

use crate::support::{
    c_bars::*, compare::*, devices::*, mappings::*, outcome::*, proc_files::*, ranges::*,
    translation::mode_at,
};
use io_mapping_rs::{
    ioremap::Options,
    pci::{Bar, BarRegion, WcBar},
    CacheMode, IoRegion, Mapping, Ports, Strategy,
};
use kernel::prelude::*;

#[kunit_tests(iomrs_bar_region)]
mod tests {
    use super::*;

    #[test]
    fn s36_parts_of_one_request_have_their_own_modes() -> Outcome {
        let device = require!(Device::ivshmem());
        require!(reserved_modes());
        let before = KernelState::now()?;
        let region = check_ok!(BarRegion::request(device.bound(), 2, NAME));
        check_eq!(region.size(), device.bar(2)?.size);
        let registers = check_ok!(region.bar(..PAGE));
        let queue = check_ok!(region.wc(PAGE..3 * PAGE));
        let options = Options::new(WC);
        let rest = check_ok!(region.aperture(PAGE_2M.., options, Strategy::Sparse));
        check_eq!(registers.achieved(), CacheMode::UncachedMinus);
        check_eq!(queue.achieved(), WC);
        check_eq!(rest.size(), region.size() - PAGE_2M);
        let in_c = CBar::iomap(&device, 2, 0, PAGE, false)?;
        compare_entries(registers.addr(), in_c.cookie().0, PAGE)?;
        let wc_in_c = CBar::iomap(&device, 2, PAGE, 2 * PAGE, true)?;
        compare_entries(queue.addr(), wc_in_c.cookie().0, 2 * PAGE)?;
        drop((in_c, wc_in_c));
        check_ok!(registers.try_write32(0x1111, 0));
        check_ok!(queue.wc().try_write32(0x2222, 0));
        check_ok!(check_ok!(rest.map_local(0)).try_write32(0x3333, 0));
        let _ = queue.wc().flush();
        let all = check_ok!(region.map::<Mapping>(..PAGE));
        check_eq!(all.try_read32(0), Ok(0x1111));
        // The region is released with the last part, whichever that is.
        drop((region, registers, all));
        check!(region_is_requested()?);
        check_err!(Bar::iomap(device.bound(), 2, 0, NAME), EBUSY);
        drop(queue);
        check!(region_is_requested()?);
        drop(rest);
        check_eq!(region_is_requested()?, false);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s18_parts_that_share_a_page_share_a_mode() -> Outcome {
        let device = require!(Device::ivshmem());
        require!(reserved_modes());
        let region = check_ok!(BarRegion::request(device.bound(), 2, NAME));
        let exact = Options::new(WC).exact();
        let queue = check_ok!(region.wc(..PAGE + 8));
        for registers in [0..PAGE, PAGE + 0x100..PAGE + 0x200, 0..4 * PAGE] {
            check_err!(region.bar(registers.clone()), EBUSY);
            check_err!(region.map::<IoRegion>(registers), EBUSY);
        }
        check_ok!(region.map_with::<Mapping>(..PAGE, exact));
        check_ok!(region.bar(2 * PAGE..));
        drop(queue);
        let _registers = check_ok!(region.bar(..PAGE));
        check_eq!(
            check_ok!(region.wc(..4 * PAGE)).achieved(),
            CacheMode::UncachedMinus
        );
        check_err!(region.map_with::<Mapping>(..4 * PAGE, exact), EBUSY);
        check_ok!(region.map_with::<Mapping>(PAGE..4 * PAGE, exact));
        Ok(())
    }

    #[test]
    fn part_outside_of_its_bar_is_einval() -> Outcome {
        let device = require!(Device::ivshmem());
        let region = check_ok!(BarRegion::request(device.bound(), 2, NAME));
        let (size, max) = (region.size(), u64::MAX);
        let reversed = (PAGE, 0);
        for (start, end) in [
            (0, 0),
            (size, size),
            (size, size + 1),
            (1, size + 1),
            reversed,
            (0, max),
        ] {
            check_err!(region.bar(start..end), EINVAL);
            check_err!(region.wc(start..end), EINVAL);
            check_err!(
                region.aperture(start..end, Options::new(WC), strategy()),
                EINVAL
            );
        }
        check_err!(region.bar(0..=max), EINVAL);
        check_err!(region.bar(max..), EINVAL);
        check_err!(
            region.aperture(8..PAGE, Options::new(WC), strategy()),
            EINVAL
        );
        check_eq!(check_ok!(region.bar(size - 1..)).size(), 1);
        check_eq!(check_ok!(region.bar(..)).size() as u64, size);
        Ok(())
    }

    #[test]
    fn parts_of_ports() -> Outcome {
        let device = require!(Device::testdev());
        let region = check_ok!(BarRegion::request(device.bound(), Device::PORT_BAR, NAME));
        let ports = check_ok!(region.map::<Ports>(4..8));
        check_eq!(
            (ports.first() as u64, ports.count()),
            (region.start() + 4, 4)
        );
        check_err!(region.bar(4..8), ENODEV);
        check_err!(region.wc(4..8), ENODEV);
        check_err!(region.aperture(.., Options::new(WC), strategy()), ENODEV);
        check_eq!(
            check_ok!(region.map::<IoRegion>(4..)).size() as u64,
            region.size() - 4
        );
        Ok(())
    }

    #[test]
    fn write_combining_over_the_msix_table_is_ebusy_if_exact() -> Outcome {
        let device = require!(Device::nvme());
        let (table, size) = (Device::NVME_TABLE, device.bar(0)?.size);
        let exact = Options::new(WC).exact();
        let whole = WcBar::iomap_with(device.bound(), 0, 0, 0, NAME, exact);
        check_err!(whole, EBUSY);
        check_eq!(region_is_requested()?, false);
        let region = check_ok!(BarRegion::request(device.bound(), 0, NAME));
        for part in [table..table + 1, table + 0xff8..size, table - 8..table + 8] {
            check_err!(region.map_with::<Mapping>(part.clone(), exact), EBUSY);
            check_err!(region.aperture(..size, exact, Strategy::Sparse), EBUSY);
            // As in C: the driver has not asked for interrupts.
            check_ok!(region.wc(part.clone()));
            // It is for registers that the kernel maps it.
            let registers = Options::new(CacheMode::UncachedMinus).exact();
            check_ok!(region.map_with::<Mapping>(part, registers));
        }
        if reserved_modes().is_ok() {
            check_ok!(region.map_with::<Mapping>(..table, exact));
        }
        Ok(())
    }
    #[test]
    fn s18_write_combining_over_the_mapped_msix_table_is_uncached() -> Outcome {
        let device = require!(Device::nvme());
        require!(reserved_modes());
        let (table, size) = (Device::NVME_TABLE, device.bar(0)?.size);
        let _interrupt = check_ok!(MsixOn::new(&device));
        let in_c = CBar::iomap(&device, 0, 0, size, true)?;
        let mode_in_c = mode_at(in_c.cookie().0)?;
        drop(in_c);
        let ours = check_ok!(WcBar::iomap(device.bound(), 0, 0, NAME));
        check_eq!(mode_at(ours.addr())?, mode_in_c);
        check_eq!(ours.achieved(), CacheMode::UncachedMinus);
        drop(ours);
        let region = check_ok!(BarRegion::request(device.bound(), 0, NAME));
        check_eq!(
            check_ok!(region.wc(table + 8..table + 16)).achieved(),
            CacheMode::UncachedMinus
        );
        let options = Options::new(WC);
        let aperture = check_ok!(region.aperture(.., options, Strategy::Sparse));
        check_eq!(aperture.achieved(), CacheMode::UncachedMinus);
        drop(aperture);
        check_eq!(check_ok!(region.wc(..table)).achieved(), WC);
        Ok(())
    }
}
