// SPDX-License-Identifier: GPL-2.0

//! Parts of BARs of memory and of ports, beside C's `pci_iomap_range()` and
//! `pci_iomap_wc_range()`.

use super::part::*;
use crate::support::{
    accessors::*, c_bars::*, compare::*, devices::*, outcome::*, proc_files::KernelState, ranges::*,
};
use io_mapping_rs::{
    io::IoExt,
    pci::{Bar, IoBar, WcBar},
    CacheMode,
};
use kernel::{io::Io, prelude::*};

/// Compares a part of a BAR that has `size` bytes or ports with the same part in C.
fn compare_part(part: Part<'_>, size: u64) -> Outcome {
    let Part {
        device,
        bar,
        offset,
        maxlen,
    } = part;
    if offset >= size {
        let first = Part::new(device, bar, 0, 1).map_in_c(false)?;
        let is_port = first.port().is_some();
        drop(first);
        return part.check_refused(errors(is_port, EINVAL));
    }
    let rest = size - offset;
    let len = if maxlen == 0 { rest } else { rest.min(maxlen) };
    let in_c = part.map_in_c(false)?;
    let ours = IoBar::iomap_range(device.bound(), bar, offset, maxlen, NAME);
    let ours = check_ok!(ours);
    check!(region_is_requested()?);
    check_eq!((offset, maxlen, ours.size() as u64), (offset, maxlen, len));
    check_eq!(in_c.port(), ours.ports().map(|ports| ports.first()));
    compare_ends(&ours, in_c.cookie(), len as usize)?;
    let Some(memory) = ours.memory() else {
        check_eq!(part.map_as_each_type(), errors(true, EBUSY));
        drop(ours);
        let mapped = Ok(len as usize);
        check_eq!(
            part.map_as_each_type(),
            [Err(ENODEV), Err(ENODEV), mapped, mapped]
        );
        check!(part.is_refused_by_c(true));
        return Ok(());
    };
    check_eq!(memory.requested(), CacheMode::UncachedMinus);
    compare_entries(memory.addr(), in_c.cookie().0, len)?;
    drop((ours, in_c));
    check_eq!(part.map_as_each_type()[2], Err(ENODEV));
    compare_write_combining(part, len)
}

/// Compares the first and the last byte or port of a region, and checks that there are no more.
fn compare_ends(ours: &IoBar<'_>, cookie: Cookie, len: usize) -> Outcome {
    let all = ours.byte_region();
    check_eq!(Io::size(all), len);
    for at in [0, len - 1] {
        let in_c = cookie.offset(at).read(Access::Plain8);
        check_eq!(all.try_read8(at).map(u64::from), Ok(in_c));
    }
    check_err!(all.try_read8(len), EINVAL);
    Ok(())
}

/// Compares a part of `len` bytes that is mapped write combining.
fn compare_write_combining(part: Part<'_>, len: u64) -> Outcome {
    let in_c = part.map_in_c(true)?;
    let device = part.device.bound();
    let ours = WcBar::iomap_range(device, part.bar, part.offset, part.maxlen, NAME);
    let ours = check_ok!(ours);
    check_eq!(ours.size() as u64, len);
    compare_entries(ours.addr(), in_c.cookie().0, len)?;
    check_eq!(
        ours.entries().next().and_then(|entry| entry.cache_mode()),
        Some(ours.achieved())
    );
    let last = len as usize - 1;
    let in_c = in_c.cookie().offset(last).read(Access::Plain8);
    check_eq!(ours.wc().try_read8(last).map(u64::from), Ok(in_c));
    Ok(())
}

#[kunit_tests(iomrs_bar_parts)]
mod tests {
    use super::*;

    #[test]
    fn s36_parts_as_in_c() -> Outcome {
        let before = KernelState::now()?;
        let (ivshmem, testdev) = (require!(Device::ivshmem()), require!(Device::testdev()));
        for (device, bar) in [(&ivshmem, 0), (&testdev, 0), (&testdev, Device::PORT_BAR)] {
            let size = device.bar(bar)?.size;
            let (last, past) = (size - 1, size + 1);
            let lengths = [0, 1, 2, 3, 5, 8, last, size, past, 1 << 32, u64::MAX];
            for offset in Iterator::chain(lengths.into_iter(), [4, size - 5]) {
                for maxlen in lengths {
                    compare_part(Part::new(device, bar, offset, maxlen), size)?;
                }
            }
        }
        check_eq!(region_is_requested()?, false);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s36_parts_of_a_large_bar_as_in_c() -> Outcome {
        let device = require!(Device::ivshmem());
        let size = device.bar(2)?.size;
        for (offset, maxlen) in [
            (0, 2 * PAGE_2M),
            (PAGE, PAGE),
            (PAGE - 1, 2),
            (PAGE + 5, 3 * PAGE),
            (PAGE_2M - 3, PAGE_2M + 6),
            (size - PAGE_2M, 0),
            (size - PAGE - 1, u64::MAX),
            (size - 1, 0),
            (size, 0),
        ] {
            compare_part(Part::new(&device, 2, offset, maxlen), size)?;
        }
        Ok(())
    }

    #[test]
    fn s38_copies_and_fills_of_odd_parts() -> Outcome {
        let device = require!(Device::ivshmem());
        for (offset, len) in [(1, 7), (2, 61), (4, 63), (7, 1), (9, 8), (PAGE - 3, 9)] {
            let in_c = Part::new(&device, 2, 0, 2 * PAGE).map_in_c(false)?;
            // One byte before the part, to see that it is not written.
            let cookie = in_c.cookie().offset(offset as usize - 1);
            let bar = check_ok!(Bar::iomap_range(device.bound(), 2, offset, len, NAME));
            let len = len as usize;
            let mut bytes = [0; 65];
            cookie.fill(0x77, len + 2);
            // These are the mapping's own, and not those of `IoExt` for its region.
            check_ok!(bar.try_fill(0, len, 0x11));
            check_ok!(bar.try_copy_from_slice(len - 1, &[0x22]));
            cookie.copy_to_slice(&mut bytes[..len + 2]);
            check_eq!((bytes[0], bytes[len + 1]), (0x77, 0x77));
            check!(bytes[1..len].iter().all(|&byte| byte == 0x11));
            check_eq!(bytes[len], 0x22);
            check_eq!(bar.byte_region().be().try_read8(len - 1), Ok(0x22));
            let mut last = [0];
            check_ok!(bar.try_copy_to_slice(len - 1, &mut last));
            check_eq!(last, [0x22]);
            check_err!(bar.try_fill(1, len, 0), EINVAL);
            check_err!(bar.try_copy_from_slice(len, &[0]), EINVAL);
            check_err!(bar.try_copy_to_slice(len, &mut last), EINVAL);
        }
        Ok(())
    }
}
