// SPDX-License-Identifier: GPL-2.0

//! One region type over a BAR of memory and a BAR of ports, beside C's `pci_iomap()`: QEMU's
//! pci-testdev, which counts what it is sent.

use crate::support::{accessors::*, c_bars::*, outcome::*, ranges::*};
use io_mapping_rs::{
    io::{IoExt, IoRepeat},
    pci::IoBar,
    IoRegion,
};
use kernel::{
    io::{register, Io},
    prelude::*,
};

// What pci-testdev shows of a test, from the first byte of each BAR on.
const TEST: usize = 0;
const OFFSET: usize = 4;
const DATA: usize = 8;
const COUNT: usize = 12;
const NAME_AT: usize = 16;

register! {
    /// How many writes the test has seen.
    SEEN(u32) @ 0xc {
        31:16 high;
        15:0 low;
    }
}

/// The BARs of memory and of ports.
const BARS: [u32; 2] = [0, Device::PORT_BAR];

/// The first test of a BAR begins anew: it counts the writes of a value at an offset.
fn begin(theirs: Cookie) -> (usize, u64) {
    theirs.at(TEST).write(Form::Plain8, 0);
    let offset = theirs.at(OFFSET).read(Form::Plain32) as usize;
    let data = theirs.at(DATA).read(Form::Plain32) & 0xff;
    // The device takes wider values for many of a byte. The same one in each.
    (offset, data * 0x0101_0101_0101_0101)
}

/// What the device has counted when `access` is done.
fn counted(theirs: Cookie, access: impl FnOnce()) -> u64 {
    begin(theirs);
    access();
    theirs.at(COUNT).read(Form::Plain32)
}

/// Strings of `T`, which the device counts as it does C's.
fn same_strings<T: Value>(ours: &IoRegion, theirs: Cookie) -> Outcome
where
    for<'a> <&'a IoRegion as kernel::io::IoBase<'a>>::Backend: IoRepeat<T>,
{
    let (offset, data) = begin(theirs);
    let offset = offset & !(size_of::<T>() - 1);
    let data = [T::lowest(data); 64];
    for len in [0, 1, 2, 3, 31, 64] {
        let mut result = Ok(());
        let by_ours = counted(theirs, || result = ours.try_write_rep(offset, &data[..len]));
        check_eq!(result, Ok(()));
        let by_theirs = counted(theirs, || theirs.at(offset).write_rep(&data[..len]));
        check_eq!(
            (size_of::<T>(), len, by_ours),
            (size_of::<T>(), len, by_theirs)
        );
        check_eq!(by_ours, len as u64);
        // The device's name of the test, and what is around it.
        let (mut read, mut by_c) = ([T::number(9); 66], [T::number(9); 66]);
        check_ok!(ours.try_read_rep(NAME_AT, &mut read[1..1 + len]));
        theirs.at(NAME_AT).read_rep(&mut by_c[1..1 + len]);
        check!(read == by_c);
    }
    Ok(())
}

#[kunit_tests(iomrs_io_regions)]
mod tests {
    use super::*;

    #[test]
    fn s32_every_accessor_as_in_c() -> Outcome {
        let device = require!(Device::testdev());
        for bar in BARS {
            let Some(theirs) = TheirBar::iomap(&device, bar, 0, 0, false) else {
                fail!("C maps nothing of BAR {}", bar)
            };
            let ours = check_ok!(IoBar::iomap(device.bound(), bar, 0, NAME));
            check_eq!(theirs.port(), ours.ports().map(|ports| ports.first()));
            check_eq!(
                Some(ours.size() as u64),
                device.bar(bar).map(|bar| bar.size)
            );
            let (ours, theirs) = (&*ours, theirs.cookie());
            let (offset, value) = begin(theirs);
            check!(theirs.at(NAME_AT).read(Form::Plain32) != 0);
            for Accessor { form, read, write } in common!(&IoRegion) {
                for at in (0..64).filter(|at| at % form.align() == 0) {
                    check_eq!(
                        (form, at, read(ours, at)),
                        (form, at, Ok(theirs.at(at).read(form)))
                    );
                }
                let offset = offset & !(form.align() - 1);
                let mut result = Ok(());
                let by_ours = counted(theirs, || result = write(ours, value, offset));
                check_eq!(result, Ok(()));
                let by_theirs = counted(theirs, || theirs.at(offset).write(form, value));
                check_eq!((form, by_ours), (form, by_theirs));
                check_eq!((form, by_ours), (form, 1));
                // At another place it does not.
                let elsewhere = counted(theirs, || result = write(ours, value, offset + 8));
                check_eq!((form, result, elsewhere), (form, Ok(()), 0));
            }
        }
        Ok(())
    }

    #[test]
    fn s35_repeated_accesses_are_counted_as_in_c() -> Outcome {
        let device = require!(Device::testdev());
        for bar in BARS {
            let Some(theirs) = TheirBar::iomap(&device, bar, 0, 0, false) else {
                fail!("C maps nothing of BAR {}", bar)
            };
            let ours = check_ok!(IoBar::iomap(device.bound(), bar, 0, NAME));
            same_strings::<u8>(&ours, theirs.cookie())?;
            same_strings::<u16>(&ours, theirs.cookie())?;
            same_strings::<u32>(&ours, theirs.cookie())?;
        }
        Ok(())
    }

    #[test]
    fn s32_typed_registers_and_doorbells_of_memory_and_ports() -> Outcome {
        let device = require!(Device::testdev());
        for bar in BARS {
            let Some(theirs) = TheirBar::iomap(&device, bar, 0, 0, false) else {
                fail!("C maps nothing of BAR {}", bar)
            };
            let (ours, theirs) = (
                check_ok!(IoBar::iomap(device.bound(), bar, 0, NAME)),
                theirs.cookie(),
            );
            let (offset, data) = begin(theirs);
            let memory = require!(Range::bar2());
            // SAFETY: BAR 2 of ivshmem is for the tests.
            let memory =
                check_ok!(unsafe { io_mapping_rs::ioremap::ioremap_wc(memory.phys, PAGE) });
            let mut wc = memory.wc();
            let doorbell = check_ok!((&*ours).try_doorbell::<u8>(offset));
            for n in 1..=3 {
                check_ok!(wc.try_write32(n, 0));
                doorbell.ring(data as u8, wc.flush());
                let seen = check_ok!(ours.try_read(SEEN));
                check_eq!((seen.low().get(), seen.high().get()), (n, 0));
                check_eq!(check_ok!(ours.sized::<16>()).read(SEEN).low().get(), n);
                check_eq!(
                    u64::from(check_ok!(ours.be().try_read(SEEN)).into_raw()),
                    u64::from(n) << 24
                );
            }
        }
        Ok(())
    }
}
