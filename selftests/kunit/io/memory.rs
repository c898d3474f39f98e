// SPDX-License-Identifier: GPL-2.0

//! Accessors of one value in memory, the library's beside C's, on the same bytes.

use crate::support::{accessors::*, devices::ivshmem_bar, outcome::*, test_memory::TestMemory};
use io_mapping_rs::{
    io::{ByteRegion, IoExt, Shared, View},
    IoRegion, Mapping,
};
use kernel::{
    io::{register, Io, IoBase, Region},
    prelude::*,
};

/// Where in the [`TestMemory`] the memory begins that the library maps.
const START: usize = 64;

const VALUE: u64 = 0xf1e2_d3c4_b5a6_9788;

register! {
    /// In memory, in big endian.
    BIG(u32) @ 0x8 {
        31:16 high;
        7:0 low;
    }
}

/// Compares the library's accessors on `size` bytes from `start` on with C's on the same, at every
/// offset from 0 to beyond the end.
fn compare_values<IO: Copy>(
    memory: &TestMemory,
    io: IO,
    start: usize,
    size: usize,
    accessors: &[Accessor<IO>],
) -> Outcome {
    for Accessor {
        access,
        read,
        write,
    } in accessors
    {
        for offset in 0..size + 9 {
            let at = start + offset;
            let mut result = Ok(());
            let write = || result = write(io, VALUE, offset);
            if offset + access.width() > size || at % access.align() != 0 {
                check_err!(read(io, offset), EINVAL);
                check_eq!(memory.bytes_after(write), TestMemory::PATTERN);
                check_err!(result, EINVAL);
                continue;
            }
            let cookie = memory.cookie(at);
            let ours = memory.bytes_after(write);
            check_eq!(result, Ok(()));
            let in_c = memory.bytes_after(|| cookie.write(*access, VALUE));
            check_eq!((access, offset, ours), (access, offset, in_c));
            TestMemory::check_unchanged_outside(&ours, at, access.width())?;
            check!(ours != TestMemory::PATTERN);

            let mut value = Ok(0);
            let bytes = memory.bytes_after(|| value = read(io, offset));
            check_eq!(bytes, TestMemory::PATTERN);
            let in_c = Ok(cookie.read(*access));
            check_eq!((access, offset, value), (access, offset, in_c));
        }
    }
    Ok(())
}

/// Compares all accessors that memory has, of an IO of the type `$ty`.
macro_rules! compare_all {
    ($memory:expr, $io:expr, $start:expr, $size:expr; $ty:ty) => {
        compare_values($memory, $io, $start, $size, &common_accessors!($ty))?;
        compare_values($memory, $io, $start, $size, &memory_accessors!($ty))?;
    };
}

#[kunit_tests(iomrs_io_memory)]
mod tests {
    use super::*;

    #[test]
    fn s35_every_accessor_as_in_c_on_a_mapping() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        let ours = memory.map(START, 32)?;
        compare_all!(&memory, &ours, START, 32; &Mapping);
        Ok(())
    }

    #[test]
    fn s38_every_accessor_as_in_c_at_any_start_and_size() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        for start in START..START + 8 {
            for size in [1, 7, 8, 19] {
                let ours = memory.map(start, size)?;
                let all = ours.byte_region();
                compare_all!(&memory, all, start, size; View<'_, ByteRegion, Shared>);
                // Bytes that the region leaves out are refused, and not read.
                let size = if start % 4 == 0 { size & !3 } else { 0 };
                let region = (&ours).as_view();
                check_eq!(Io::size(region), size);
                compare_all!(&memory, region, start, size; View<'_, Region, Shared>);
            }
        }
        Ok(())
    }

    #[test]
    fn s32_region_of_memory_as_in_c() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        let ours = IoRegion::Memory(memory.map(START, 32)?);
        check_eq!((ours.size(), ours.ports().is_none()), (32, true));
        check_eq!(ours.memory().map(|memory| memory.size()), Some(32));
        compare_values(&memory, &ours, START, 32, &common_accessors!(&IoRegion))?;
        let odd = IoRegion::Memory(memory.map(START + 1, 30)?);
        let all = odd.byte_region();
        for at in 0..30 {
            check_eq!(
                all.try_read8(at),
                Ok(memory.cookie(START + 1 + at).read(Access::Plain8) as u8)
            );
        }
        check_err!(all.try_read8(30), EINVAL);
        Ok(())
    }

    #[test]
    #[cfg(CONFIG_64BIT)]
    fn s38_constant_offsets_of_every_width() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        let ours = memory.map(START, 33)?;
        let all = check_ok!(ours.sized_byte_region::<33>());
        let cookie = memory.cookie(START);
        let in_c = |at, access| cookie.offset(at).read(access);
        memory.reset();
        check_eq!(u64::from(all.read8(32)), in_c(32, Access::Plain8));
        check_eq!(u64::from(all.read16(30)), in_c(30, Access::Plain16));
        check_eq!(u64::from(all.read32(28)), in_c(28, Access::Plain32));
        check_eq!(all.read64(24), in_c(24, Access::Plain64));
        check_eq!(u64::from(all.read16_be(2)), in_c(2, Access::Be16));
        check_eq!(u64::from(all.read32_be(4)), in_c(4, Access::Be32));
        check_eq!(all.read64_be(8), in_c(8, Access::Be64));
        check_eq!(all.relaxed().read64(8), in_c(8, Access::Relaxed64));
        let ours = memory.bytes_after(|| {
            all.write64(VALUE, 0);
            all.write64_be(VALUE, 8);
            all.write32_be(VALUE as u32, 16);
            all.write16_be(VALUE as u16, 20);
            all.write8(VALUE as u8, 32);
        });
        let in_c = memory.bytes_after(|| {
            cookie.write(Access::Plain64, VALUE);
            cookie.offset(8).write(Access::Be64, VALUE);
            cookie.offset(16).write(Access::Be32, VALUE & 0xffff_ffff);
            cookie.offset(20).write(Access::Be16, VALUE & 0xffff);
            cookie.offset(32).write(Access::Plain8, VALUE & 0xff);
        });
        check_eq!(ours, in_c);
        Ok(())
    }

    #[test]
    fn s38_size_known_to_the_compiler_is_checked_once() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        let ours = memory.map(START, 33)?;
        check_err!(ours.sized_byte_region::<34>(), EINVAL);
        check_err!(ours.sized_wc::<34>(), EINVAL);
        check_err!(ours.sized::<33>(), EINVAL);
        check_ok!(ours.sized::<32>());
        check_ok!(ours.sized_wc::<33>());
        for offset in 1..8 {
            let ours = memory.map(START + offset, 33)?;
            check_err!(ours.sized_byte_region::<1>(), EINVAL);
            check_err!(ours.sized_wc::<1>(), EINVAL);
            check_ok!(ours.sized_byte_region::<0>());
            check_ok!(ours.sized_wc::<0>());
            check_eq!(ours.sized::<4>().is_ok(), offset == 4);
        }
        Ok(())
    }

    #[test]
    fn s35_big_endian_registers() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        let (ours, cookie) = (memory.map(START, 32)?, memory.cookie(START + 8));
        let sized = check_ok!(ours.sized::<32>());
        memory.reset();
        cookie.write(Access::Be32, 0xabcd_0042);
        let read = sized.be().read(BIG);
        check_eq!((read.high().get(), read.low().get()), (0xabcd, 0x42));
        sized.be().update(BIG, |big| big.with_const_low::<0x78>());
        check_eq!(cookie.read(Access::Be32), 0xabcd_0078);
        check_ok!((&ours)
            .be()
            .try_update(BIG, |big| big.with_const_high::<0x1234>()));
        check_eq!(cookie.read(Access::Be32), 0x1234_0078);
        sized.be().write_reg(BIG::zeroed().with_const_low::<0x9a>());
        check_eq!(cookie.read(Access::Be32), 0x9a);
        // Bytes have no order to change.
        check_eq!((&ours).be().try_read8(11), Ok(0x9a));
        // Twice is little endian again.
        check_eq!((&ours).be().be().try_read32(8), Ok(0x9a00_0000));
        TestMemory::check_unchanged_outside(&memory.bytes(), START + 8, 4)
    }
}
