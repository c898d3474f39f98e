// SPDX-License-Identifier: GPL-2.0

//! One region type over a BAR of memory and over a BAR of ports, beside C's `pci_iomap()`. The
//! device is QEMU's pci-testdev, which counts what is written to it.

use crate::support::{
    accessors::*,
    c_bars::CBar,
    devices::{ivshmem_bar, Device, NAME},
    outcome::*,
    ranges::PAGE,
};
use io_mapping_rs::{
    io::{IoExt, IoRepeat},
    ioremap::ioremap_wc,
    pci::IoBar,
    IoRegion,
};
use kernel::{
    io::{register, Io, IoBase},
    prelude::*,
};

// Where pci-testdev has the parts of a test, in each BAR.
const TEST: usize = 0;
const OFFSET: usize = 4;
const DATA: usize = 8;
const COUNT: usize = 12;
const TEST_NAME: usize = 16;

register! {
    /// How many writes the test has counted.
    WRITES(u32) @ 0xc {
        31:16 high;
        15:0 low;
    }
}

/// The BARs of memory and of ports.
const BARS: [u32; 2] = [0, Device::PORT_BAR];

/// Begins the first test of a BAR anew. It counts the writes of one value at one offset, which are
/// returned.
fn begin(cookie: Cookie) -> (usize, u64) {
    cookie.offset(TEST).write(Access::Plain8, 0);
    let offset = cookie.offset(OFFSET).read(Access::Plain32) as usize;
    let data = cookie.offset(DATA).read(Access::Plain32) & 0xff;
    // The device takes a wider value for several bytes: each byte is the one that is counted.
    (offset, data * 0x0101_0101_0101_0101)
}

/// Returns how many writes the device counts while `access` runs.
fn count_writes(cookie: Cookie, access: impl FnOnce()) -> u64 {
    begin(cookie);
    access();
    cookie.offset(COUNT).read(Access::Plain32)
}

/// Compares each of the library's accessors with C's: what they read, and what the device counts.
fn compare_values(ours: &IoRegion, cookie: Cookie) -> Outcome {
    let (offset, value) = begin(cookie);
    check!(cookie.offset(TEST_NAME).read(Access::Plain32) != 0);
    for Accessor {
        access,
        read,
        write,
    } in common_accessors!(&IoRegion)
    {
        for at in (0..64).filter(|at| at % access.align() == 0) {
            check_eq!(
                (access, at, read(ours, at)),
                (access, at, Ok(cookie.offset(at).read(access)))
            );
        }
        let offset = offset & !(access.align() - 1);
        let mut result = Ok(());
        let by_ours = count_writes(cookie, || result = write(ours, value, offset));
        check_eq!(result, Ok(()));
        let by_c = count_writes(cookie, || cookie.offset(offset).write(access, value));
        check_eq!((access, by_ours, by_c), (access, 1, 1));
        // At another offset nothing is counted.
        let elsewhere = count_writes(cookie, || result = write(ours, value, offset + 8));
        check_eq!((access, result, elsewhere), (access, Ok(()), 0));
    }
    Ok(())
}

/// Compares the library's repeated accesses of `T` with C's.
fn compare_repeated<T: Value>(ours: &IoRegion, cookie: Cookie) -> Outcome
where
    for<'a> <&'a IoRegion as IoBase<'a>>::Backend: IoRepeat<T>,
{
    let (offset, data) = begin(cookie);
    let offset = offset & !(size_of::<T>() - 1);
    let data = [T::truncate(data); 64];
    for len in [0, 1, 2, 3, 31, 64] {
        let mut result = Ok(());
        let by_ours = count_writes(cookie, || {
            result = ours.try_write_rep(offset, &data[..len]);
        });
        check_eq!(result, Ok(()));
        let by_c = count_writes(cookie, || cookie.offset(offset).write_rep(&data[..len]));
        check_eq!(
            (size_of::<T>(), by_ours, by_c),
            (size_of::<T>(), len as u64, len as u64)
        );
        // The name of the test is read, and nothing is written beside it.
        let (mut ours_read, mut c_read) = ([T::pattern(9); 66], [T::pattern(9); 66]);
        check_ok!(ours.try_read_rep(TEST_NAME, &mut ours_read[1..1 + len]));
        cookie.offset(TEST_NAME).read_rep(&mut c_read[1..1 + len]);
        check!(ours_read == c_read);
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
            let in_c = CBar::iomap(&device, bar, 0, 0, false)?;
            let ours = check_ok!(IoBar::iomap(device.bound(), bar, 0, NAME));
            check_eq!(in_c.port(), ours.ports().map(|ports| ports.first()));
            check_eq!(ours.size() as u64, device.bar(bar)?.size);
            compare_values(&ours, in_c.cookie())?;
        }
        Ok(())
    }

    #[test]
    fn s35_repeated_accesses_are_counted_as_in_c() -> Outcome {
        let device = require!(Device::testdev());
        for bar in BARS {
            let in_c = CBar::iomap(&device, bar, 0, 0, false)?;
            let ours = check_ok!(IoBar::iomap(device.bound(), bar, 0, NAME));
            compare_repeated::<u8>(&ours, in_c.cookie())?;
            compare_repeated::<u16>(&ours, in_c.cookie())?;
            compare_repeated::<u32>(&ours, in_c.cookie())?;
        }
        Ok(())
    }

    #[test]
    fn s32_typed_registers_and_doorbells_of_memory_and_ports() -> Outcome {
        let device = require!(Device::testdev());
        for bar in BARS {
            let in_c = CBar::iomap(&device, bar, 0, 0, false)?;
            let ours = check_ok!(IoBar::iomap(device.bound(), bar, 0, NAME));
            let (offset, data) = begin(in_c.cookie());
            let memory = require!(ivshmem_bar(2));
            // SAFETY: Nobody but the tests uses BAR 2 of ivshmem.
            let memory = check_ok!(unsafe { ioremap_wc(memory.phys, PAGE) });
            let mut wc = memory.wc();
            let doorbell = check_ok!((&*ours).try_doorbell::<u8>(offset));
            for n in 1..=3 {
                check_ok!(wc.try_write32(n, 0));
                doorbell.ring(data as u8, wc.flush());
                let count = check_ok!(ours.try_read(WRITES));
                check_eq!((count.low().get(), count.high().get()), (n, 0));
                check_eq!(check_ok!(ours.sized::<16>()).read(WRITES).low().get(), n);
                check_eq!(
                    u64::from(check_ok!(ours.be().try_read(WRITES)).into_raw()),
                    u64::from(n) << 24
                );
            }
        }
        Ok(())
    }
}
