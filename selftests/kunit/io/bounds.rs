// SPDX-License-Identifier: GPL-2.0

//! Every accessor of every type refuses what is outside, and accesses nothing.

use crate::support::{accessors::*, devices::ivshmem_bar, outcome::*, test_memory::TestMemory};
use io_mapping_rs::{
    io::{ByteRegion, IoExt, IoFill, IoRepeat, Shared, View},
    IoRegion, Mapping, Ports,
};
use kernel::{
    io::{IoBase, IoCapable, IoCopyable},
    prelude::*,
};

/// Where in the [`TestMemory`] the memory begins that the library maps, and its size.
const START: usize = 64;
const SIZE: usize = 24;

/// Returns offsets at which `width` bytes are not inside `size` bytes: across the end, beyond it, and
/// where a sum overflows.
fn outside(size: usize, width: usize) -> impl Iterator<Item = usize> {
    let around = |far: usize| far - 8..=far + 8;
    [
        (size + 1).saturating_sub(width)..=size + 8,
        around(1 << 31),
        #[cfg(CONFIG_64BIT)]
        around(1 << 32),
        around(1 << (usize::BITS - 1)),
        usize::MAX - 40..=usize::MAX,
    ]
    .into_iter()
    .flatten()
}

/// Fails the test unless each accessor of one value refuses each offset outside.
fn check_values_refused<IO: Copy>(io: IO, size: usize, accessors: &[Accessor<IO>]) -> Outcome {
    for Accessor {
        access,
        read,
        write,
    } in accessors
    {
        for offset in outside(size, access.width()) {
            check_eq!(
                (access, offset, read(io, offset)),
                (access, offset, Err(EINVAL))
            );
            check_eq!(
                (access, offset, write(io, !0, offset)),
                (access, offset, Err(EINVAL))
            );
        }
    }
    Ok(())
}

/// Fails the test unless repeated accesses of any length, and doorbells, refuse each offset outside.
fn check_repeated_refused<'a, T: Value, IO: IoBase<'a>>(io: IO, size: usize) -> Outcome
where
    IO::Backend: IoRepeat<T> + IoCapable<T>,
{
    for offset in outside(size, size_of::<T>()) {
        for len in [0, 1, 2, 64] {
            let mut data = [T::pattern(7); 64];
            check_err!(io.try_write_rep(offset, &data[..len]), EINVAL);
            check_err!(io.try_read_rep(offset, &mut data[..len]), EINVAL);
            check!(data.iter().all(|&value| value == T::pattern(7)));
        }
        check_err!(io.try_doorbell::<T>(offset), EINVAL);
    }
    Ok(())
}

/// Fails the test unless copies and fills refuse what is not inside, and take no bytes at any offset
/// up to the end.
fn check_copies_refused<'a, IO: IoBase<'a>>(io: IO, size: usize) -> Outcome
where
    IO::Backend: IoCopyable + IoFill,
{
    for offset in outside(size, 1) {
        for len in [1, 2, 8, 64] {
            let mut data = [0x7f; 64];
            check_err!(io.try_copy_from_slice(offset, &data[..len]), EINVAL);
            check_err!(io.try_copy_to_slice(offset, &mut data[..len]), EINVAL);
            check_err!(io.try_fill(offset, len, 0), EINVAL);
            check_eq!(data, [0x7f; 64]);
        }
        // The sum of offset and length overflows, to 0 and to what would fit.
        for len in [
            usize::MAX,
            usize::MAX - offset,
            offset.wrapping_neg(),
            usize::MAX - 7,
        ] {
            if len != 0 {
                check_err!(io.try_fill(offset, len, 0), EINVAL);
            }
        }
        let no_bytes = if offset == size { Ok(()) } else { Err(EINVAL) };
        check_eq!((offset, io.try_fill(offset, 0, 0)), (offset, no_bytes));
        check_eq!(io.try_copy_from_slice(offset, &[]), no_bytes);
        check_eq!(io.try_copy_to_slice(offset, &mut []), no_bytes);
    }
    for offset in 0..=size {
        check_ok!(io.try_fill(offset, 0, 0));
        check_ok!(io.try_copy_from_slice(offset, &[]));
        check_ok!(io.try_copy_to_slice(offset, &mut []));
        check_err!(io.try_fill(offset, size - offset + 1, 0), EINVAL);
        check_err!(io.try_fill(offset, usize::MAX, 0), EINVAL);
        check_err!(io.try_fill(offset, usize::MAX - offset, 0), EINVAL);
        check_err!(
            io.try_fill(offset, (size - offset).wrapping_neg().max(65), 0),
            EINVAL
        );
    }
    Ok(())
}

#[kunit_tests(iomrs_io_bounds)]
mod tests {
    use super::*;

    #[test]
    fn s38_outside_of_memory_is_einval() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        memory.reset();
        let ours = &memory.map(START, SIZE)?;
        check_values_refused(ours, SIZE, &common_accessors!(&Mapping))?;
        check_values_refused(ours, SIZE, &memory_accessors!(&Mapping))?;
        check_repeated_refused::<u8, _>(ours, SIZE)?;
        check_repeated_refused::<u16, _>(ours, SIZE)?;
        check_repeated_refused::<u32, _>(ours, SIZE)?;
        #[cfg(CONFIG_64BIT)]
        check_repeated_refused::<u64, _>(ours, SIZE)?;
        check_copies_refused(ours.as_view(), SIZE)?;
        check_eq!(memory.bytes(), TestMemory::PATTERN);
        let odd = memory.map(START + 3, SIZE - 1)?;
        let all = odd.byte_region();
        check_values_refused(
            all,
            SIZE - 1,
            &common_accessors!(View<'_, ByteRegion, Shared>),
        )?;
        check_values_refused(
            all,
            SIZE - 1,
            &memory_accessors!(View<'_, ByteRegion, Shared>),
        )?;
        check_repeated_refused::<u8, _>(all, SIZE - 1)?;
        #[cfg(CONFIG_64BIT)]
        check_repeated_refused::<u64, _>(all, SIZE - 1)?;
        check_copies_refused(all, SIZE - 1)?;
        // The untyped region of memory that begins there has no bytes.
        check_values_refused(&odd, 0, &common_accessors!(&Mapping))?;
        check_values_refused(&odd, 0, &memory_accessors!(&Mapping))?;
        check_repeated_refused::<u8, _>(&odd, 0)?;
        check_copies_refused((&odd).as_view(), 0)?;
        check_eq!(memory.bytes(), TestMemory::PATTERN);
        Ok(())
    }

    #[test]
    fn s38_outside_of_write_combining_memory_is_einval() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        memory.reset();
        let ours = memory.map(START, SIZE + 1)?;
        let (mut wc, size) = (ours.wc(), SIZE + 1);
        check_copies_refused(&wc, size)?;
        for offset in outside(size, 1) {
            check_err!(wc.try_read8(offset), EINVAL);
            check_err!(wc.try_write8(0, offset), EINVAL);
            #[cfg(CONFIG_64BIT)]
            check_err!(wc.try_read64(offset), EINVAL);
            #[cfg(CONFIG_64BIT)]
            check_err!(wc.try_write64(0, offset), EINVAL);
            check_err!(wc.try_write16(0, offset - 1), EINVAL);
            check_err!(wc.try_write32(0, offset - 3), EINVAL);
            #[cfg(CONFIG_64BIT)]
            check_err!(wc.try_write64(0, offset - 7), EINVAL);
        }
        let _ = wc.flush();
        check_eq!(memory.bytes(), TestMemory::PATTERN);
        Ok(())
    }

    #[test]
    fn s33_outside_of_ports_is_einval() -> Outcome {
        // A PC has no such ports. None is accessed anyway.
        for (first, count) in [(0xfff0, 16), (0xfff1, 15), (0xffff, 1), (0xfff0, 7)] {
            // SAFETY: All accesses are refused.
            let ports = || unsafe { Ports::new(first, count) };
            let ours = check_ok!(ports());
            let size = if first % 4 == 0 { count & !3 } else { 0 };
            check_values_refused(&ours, size, &common_accessors!(&Ports))?;
            check_repeated_refused::<u8, _>(&ours, size)?;
            check_repeated_refused::<u16, _>(&ours, size)?;
            check_repeated_refused::<u32, _>(&ours, size)?;
            check_repeated_refused::<u8, _>(ours.byte_region(), count)?;
            check_repeated_refused::<u32, _>(ours.byte_region(), count)?;
            let region = IoRegion::Ports(ours);
            check_values_refused(&region, size, &common_accessors!(&IoRegion))?;
            check_repeated_refused::<u16, _>(&region, size)?;
            check_repeated_refused::<u16, _>(region.byte_region(), count)?;
        }
        Ok(())
    }

    #[test]
    fn s32_outside_of_a_region_of_memory_is_einval() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        memory.reset();
        let region = IoRegion::Memory(memory.map(START, SIZE + 2)?);
        check_values_refused(&region, SIZE, &common_accessors!(&IoRegion))?;
        check_repeated_refused::<u8, _>(&region, SIZE)?;
        check_repeated_refused::<u32, _>(&region, SIZE)?;
        check_repeated_refused::<u16, _>(region.byte_region(), SIZE + 2)?;
        check_err!(region.sized::<28>(), EINVAL);
        check_ok!(region.sized::<24>());
        check_eq!(memory.bytes(), TestMemory::PATTERN);
        Ok(())
    }
}
