// SPDX-License-Identifier: GPL-2.0

//! BARs of either kind, in whole and in part, beside C's `pci_iomap()` and its like.

use crate::{
    c,
    support::{accessors::*, c_bars::*, compare::*, outcome::*, proc_files::Seen, ranges::*},
};
use io_mapping_rs::{
    io::IoExt,
    ioremap::Options,
    pci::{Aperture, Bar, IoBar, PortBar, WcBar},
    CacheMode, Strategy,
};
use kernel::{io::Io, prelude::*};

/// What each of ours says of a BAR, or of a part: the size of what it gives.
fn outcomes(device: &Device, bar: u32, offset: u64, maxlen: u64) -> [Result<usize>; 4] {
    let device = device.bound();
    [
        Bar::iomap_range(device, bar, offset, maxlen, NAME).map(|bar| bar.size()),
        WcBar::iomap_range(device, bar, offset, maxlen, NAME).map(|bar| bar.size()),
        PortBar::iomap_range(device, bar, offset, maxlen, NAME).map(|bar| bar.count()),
        IoBar::iomap_range(device, bar, offset, maxlen, NAME).map(|bar| bar.size()),
    ]
}

/// `errno` for those of [`outcomes`] that take such a BAR, `ENODEV` for the others.
fn errors(is_port: bool, errno: Error) -> [Result<usize>; 4] {
    [!is_port, !is_port, is_port, true].map(|takes| Err(if takes { errno } else { ENODEV }))
}

/// All four refuse, and C does, and nothing is left behind.
fn all_refuse(
    device: &Device,
    bar: u32,
    offset: u64,
    maxlen: u64,
    errors: [Result<usize>; 4],
) -> Outcome {
    // What waits to be invalidated has lines, too, and may be more than is read of them.
    c::iomrs_c_vm_unmap_aliases();
    let before = Seen::now()?;
    let log = c::iomrs_c_log_position();
    check_eq!(outcomes(device, bar, offset, maxlen), errors);
    check_eq!(region_is_taken()?, false);
    for wc in [false, true] {
        check!(TheirBar::iomap(device, bar, offset, maxlen, wc).is_none());
    }
    check_eq!(c::iomrs_c_count_complaints(log), 0);
    check_eq!(Seen::now()?, before);
    Ok(())
}

/// A part of a BAR, which has `size` bytes or ports, beside C's.
fn same_part(device: &Device, bar: u32, size: u64, offset: u64, maxlen: u64) -> Outcome {
    if offset >= size {
        let whole = TheirBar::iomap(device, bar, 0, 1, false);
        let is_port = whole.and_then(|bar| bar.port()).is_some();
        let errors = errors(is_port, EINVAL);
        return all_refuse(device, bar, offset, maxlen, errors);
    }
    let rest = size - offset;
    let len = if maxlen == 0 { rest } else { rest.min(maxlen) };
    let Some(theirs) = TheirBar::iomap(device, bar, offset, maxlen, false) else {
        fail!("C maps nothing of BAR {} from {:#x} on", bar, offset)
    };
    let ours = check_ok!(IoBar::iomap_range(
        device.bound(),
        bar,
        offset,
        maxlen,
        NAME
    ));
    check!(region_is_taken()?);
    check_eq!((offset, maxlen, ours.size() as u64), (offset, maxlen, len));
    check_eq!(theirs.port(), ours.ports().map(|ports| ports.first()));
    let all = ours.byte_region();
    check_eq!(Io::size(all) as u64, len);
    let last = len as usize - 1;
    check_eq!(
        all.try_read8(0).map(u64::from),
        Ok(theirs.cookie().read(Form::Plain8))
    );
    check_eq!(
        all.try_read8(last).map(u64::from),
        Ok(theirs.cookie().at(last).read(Form::Plain8))
    );
    check_err!(all.try_read8(last + 1), EINVAL);
    let Some(memory) = ours.memory() else {
        check_eq!(outcomes(device, bar, offset, maxlen), errors(true, EBUSY));
        drop(ours);
        check_eq!(
            outcomes(device, bar, offset, maxlen),
            [Err(ENODEV), Err(ENODEV), Ok(len as usize), Ok(len as usize)]
        );
        check!(TheirBar::iomap(device, bar, offset, maxlen, true).is_none());
        return Ok(());
    };
    check_eq!(memory.requested(), CacheMode::UncachedMinus);
    same_entries(memory.addr(), theirs.cookie().0, len)?;
    drop((ours, theirs));
    check_eq!(outcomes(device, bar, offset, maxlen)[2], Err(ENODEV));
    let Some(theirs) = TheirBar::iomap(device, bar, offset, maxlen, true) else {
        fail!("C maps nothing write combining of BAR {}", bar)
    };
    let ours = check_ok!(WcBar::iomap_range(
        device.bound(),
        bar,
        offset,
        maxlen,
        NAME
    ));
    check_eq!(ours.size() as u64, len);
    same_entries(ours.addr(), theirs.cookie().0, len)?;
    check_eq!(
        ours.entries().next().and_then(|entry| entry.cache_mode()),
        Some(ours.achieved())
    );
    check_eq!(
        ours.wc().try_read8(last).map(u64::from),
        Ok(theirs.cookie().at(last).read(Form::Plain8))
    );
    Ok(())
}

#[kunit_tests(iomrs_pci_iomap)]
mod tests {
    use super::*;

    #[test]
    fn s36_parts_as_in_c() -> Outcome {
        let before = Seen::now()?;
        let (ivshmem, testdev) = (require!(Device::ivshmem()), require!(Device::testdev()));
        for (device, bar) in [(&ivshmem, 0), (&testdev, 0), (&testdev, Device::PORT_BAR)] {
            let Some(Range { size, .. }) = device.bar(bar) else {
                fail!("no BAR {}", bar)
            };
            for offset in [
                0,
                1,
                2,
                3,
                4,
                5,
                8,
                size - 5,
                size - 1,
                size,
                size + 1,
                1 << 32,
                u64::MAX,
            ] {
                for maxlen in [
                    0,
                    1,
                    2,
                    3,
                    5,
                    8,
                    size - 1,
                    size,
                    size + 1,
                    1 << 32,
                    u64::MAX,
                ] {
                    same_part(device, bar, size, offset, maxlen)?;
                }
            }
        }
        check_eq!(region_is_taken()?, false);
        c::iomrs_c_vm_unmap_aliases();
        check_eq!(Seen::now()?, before);
        Ok(())
    }

    #[test]
    fn s36_parts_of_a_large_bar_as_in_c() -> Outcome {
        let device = require!(Device::ivshmem());
        let Some(Range { size, .. }) = device.bar(2) else {
            fail!("no BAR 2")
        };
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
            same_part(&device, 2, size, offset, maxlen)?;
        }
        Ok(())
    }

    #[test]
    fn s38_copies_and_fills_of_odd_parts() -> Outcome {
        let device = require!(Device::ivshmem());
        for (offset, len) in [(1, 7), (2, 61), (4, 63), (7, 1), (9, 8), (PAGE - 3, 9)] {
            let Some(theirs) = TheirBar::iomap(&device, 2, 0, 2 * PAGE, false) else {
                fail!("C maps nothing")
            };
            let theirs = theirs.cookie().at(offset as usize - 1);
            let bar = check_ok!(Bar::iomap_range(device.bound(), 2, offset, len, NAME));
            let len = len as usize;
            let mut bytes = [0; 65];
            theirs.fill(0x77, len + 2);
            // Not those of the untyped region, though `IoExt` is at hand.
            check_ok!(bar.try_fill(0, len, 0x11));
            check_ok!(bar.try_copy_from_slice(len - 1, &[0x22]));
            theirs.copy_to_slice(&mut bytes[..len + 2]);
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

    #[test]
    fn s36_write_combining_is_achieved_as_in_c() -> Outcome {
        let device = require!(Device::ivshmem());
        let Some(range) = device.bar(2) else {
            fail!("no BAR 2")
        };
        let bar = check_ok!(WcBar::iomap(device.bound(), 2, 2 * PAGE_2M, NAME));
        let expected = if c::iomrs_c_pat_enabled() {
            CacheMode::WriteCombining
        } else {
            CacheMode::UncachedMinus
        };
        check_eq!((bar.achieved(), bar.size() as u64), (expected, 2 * PAGE_2M));
        check_eq!(bar.bar_size(), range.size);
        drop(bar);
        // A live mapping of another mode weakens it. A stock kernel does not tell.
        let live = Theirs::map(CacheMode::UncachedMinus, range.phys, PAGE);
        check!(live.is_some());
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
        let before = Seen::now()?;
        let sizes = [memory, ports].map(|bar| device.bar(bar).map_or(0, |bar| bar.size as usize));
        let [memory_size, port_count] = sizes;
        check!(memory_size != 0 && port_count != 0);
        let expected = [
            Ok(memory_size),
            Ok(memory_size),
            Err(ENODEV),
            Ok(memory_size),
        ];
        check_eq!(outcomes(&device, memory, 0, 0), expected);
        let expected = [Err(ENODEV), Err(ENODEV), Ok(port_count), Ok(port_count)];
        check_eq!(outcomes(&device, ports, 0, 0), expected);
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
        check_eq!(region_is_taken()?, false);
        check_eq!(Seen::now()?, before);
        Ok(())
    }

    #[test]
    fn s36_no_such_bar_as_any_type() -> Outcome {
        let device = require!(Device::testdev());
        for bar in [6, 7, 16, 17, 255, 256, 1 << 31, u32::MAX - 1, u32::MAX] {
            check_eq!(outcomes(&device, bar, 0, 0), [Err(EINVAL); 4]);
            check_eq!(outcomes(&device, bar, u64::MAX, 1), [Err(EINVAL); 4]);
        }
        for bar in [16, 17, 255, 256, 1 << 31, u32::MAX] {
            all_refuse(&device, bar, 0, 0, [Err(EINVAL); 4])?;
        }
        for bar in [3, 4, 5] {
            all_refuse(&device, bar, 0, 0, [Err(ENODEV); 4])?;
            // No offset is looked at in what is not there.
            all_refuse(&device, bar, 1, 1, [Err(ENODEV); 4])?;
        }
        Ok(())
    }

    #[test]
    fn s36_unassigned_bar_is_enodev() -> Outcome {
        let device = require!(Device::testdev());
        for bar in [0, Device::PORT_BAR, 2] {
            let Some(range) = device.bar(bar) else {
                fail!("no BAR {}", bar)
            };
            let before = Seen::now()?;
            let unassigned = Unassigned::new(&device, bar);
            let found = outcomes(&device, bar, 0, 0);
            let part = outcomes(&device, bar, range.size, 1);
            let aperture = Aperture::new_wc(device.bound(), bar, NAME).err();
            let theirs = TheirBar::iomap(&device, bar, 0, 0, false).is_none();
            drop(unassigned);
            check_eq!((found, part), ([Err(ENODEV); 4], [Err(ENODEV); 4]));
            check_eq!(aperture, Some(ENODEV));
            check!(theirs);
            check_eq!(region_is_taken()?, false);
            check_eq!(Seen::now()?, before);
            check_eq!(device.bar(bar).map(|bar| bar.phys), Some(range.phys));
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
            let Some(theirs) = TheirBar::iomap(device, bar, 0, PAGE, false) else {
                fail!("C maps nothing of BAR {}", bar)
            };
            let cookie = theirs.cookie().at(at);
            // The name of a test, or what is written to memory.
            theirs.cookie().write(Form::Plain8, 0);
            cookie.write(Form::Plain32, 0x600d_d00d);
            let heard = cookie.read(Form::Plain32);
            let deaf = Deaf::new(device);
            let ours = check_ok!(IoBar::iomap(device.bound(), bar, PAGE, NAME));
            let read = (
                ours.try_read32(at).map(u64::from),
                cookie.read(Form::Plain32),
            );
            let written = ours.try_write32(!0, at);
            drop(deaf);
            check_eq!(read.0, Ok(read.1));
            check!(read.1 != heard);
            check_eq!(written, Ok(()));
            // What was written has not arrived, and what is read now is what was there.
            check_eq!(ours.try_read32(at).map(u64::from), Ok(heard));
            check_eq!(cookie.read(Form::Plain32), heard);
        }
        Ok(())
    }

    #[test]
    fn s36_failure_releases_the_region() -> Outcome {
        let (testdev, ivshmem) = (require!(Device::testdev()), require!(Device::ivshmem()));
        for (device, bar) in [(&testdev, 0), (&testdev, Device::PORT_BAR), (&ivshmem, 2)] {
            let Some(Range { size, .. }) = device.bar(bar) else {
                fail!("no BAR {}", bar)
            };
            let held = check_ok!(IoBar::iomap(device.bound(), bar, PAGE, NAME));
            let is_port = held.ports().is_some();
            let busy = errors(is_port, EBUSY);
            check_eq!(outcomes(device, bar, 0, PAGE), busy);
            // The request comes before the part.
            check_eq!(outcomes(device, bar, size, 0), busy);
            check!(region_is_taken()?);
            drop(held);
            check_eq!(outcomes(device, bar, size, 0), errors(is_port, EINVAL));
            check_eq!(region_is_taken()?, false);
            check_ok!(IoBar::iomap(device.bound(), bar, PAGE, NAME));
            check_eq!(region_is_taken()?, false);
        }
        Ok(())
    }
}
