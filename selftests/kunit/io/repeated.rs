// SPDX-License-Identifier: GPL-2.0

//! Repeated accesses of one register in memory, the library's beside C's `_rep` accessors.

use crate::support::{accessors::*, devices::ivshmem_bar, outcome::*, test_memory::TestMemory};
use io_mapping_rs::{
    io::{IoExt, IoRepeat},
    IoRegion,
};
use kernel::{io::IoBase, prelude::*};

/// Where in the [`TestMemory`] the memory begins that the library maps.
const START: usize = 64;
/// The largest number of values and the largest offset that are tried.
const MAX_LEN: usize = 64;
const MAX_OFFSET: usize = 16;

/// Compares the library's repeated accesses of `T` in `size` bytes from `start` on with C's. C has
/// none of 64 bits: there the library's are compared with single accesses.
fn compare_repeated<'a, T: Value, IO: IoBase<'a>>(
    memory: &TestMemory,
    io: IO,
    start: usize,
    size: usize,
) -> Outcome
where
    IO::Backend: IoRepeat<T>,
{
    let width = size_of::<T>();
    let data: [T; MAX_LEN] = core::array::from_fn(T::pattern);
    let lengths = |offset| (0..=MAX_LEN).map(move |len| (offset, len));
    for (offset, len) in (0..=MAX_OFFSET).flat_map(lengths) {
        let (at, data) = (start + offset, &data[..len]);
        let cookie = memory.cookie(at);
        let fits = offset + width <= size && at % width == 0;
        let expected = if fits { Ok(()) } else { Err(EINVAL) };

        let mut result = Ok(());
        let ours = memory.bytes_after(|| result = io.try_write_rep(offset, data));
        check_eq!((width, offset, len, result), (width, offset, len, expected));
        let in_c = memory.bytes_after(|| match data.last() {
            Some(last) if fits && width == 8 => cookie.write(Access::Plain64, (*last).into()),
            _ if fits => cookie.write_rep(data),
            _ => (),
        });
        check_eq!((width, offset, len, ours), (width, offset, len, in_c));
        TestMemory::check_unchanged_outside(&ours, at, if fits { width } else { 0 })?;

        let (mut ours, mut in_c) = ([T::pattern(99); MAX_LEN + 2], [T::pattern(99); MAX_LEN + 2]);
        memory.reset();
        check_eq!(io.try_read_rep(offset, &mut ours[1..1 + len]), expected);
        check_eq!(memory.bytes(), TestMemory::PATTERN);
        if fits && width == 8 {
            in_c[1..1 + len].fill(T::truncate(cookie.read(Access::Plain64)));
        } else if fits {
            cookie.read_rep(&mut in_c[1..1 + len]);
        }
        check!(ours == in_c);
    }
    Ok(())
}

/// As [`compare_repeated`], for each of the types.
macro_rules! compare_repeated_of {
    ($memory:expr, $io:expr, $start:expr, $size:expr; $($ty:ty),*) => {
        $( compare_repeated::<$ty, _>($memory, $io, $start, $size)?; )*
    };
}

#[kunit_tests(iomrs_io_repeated)]
mod tests {
    use super::*;

    #[test]
    fn s35_repeated_accesses_as_in_c() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        let ours = memory.map(START, 20)?;
        compare_repeated_of!(&memory, &ours, START, 20; u8, u16, u32);
        #[cfg(CONFIG_64BIT)]
        compare_repeated_of!(&memory, &ours, START, 20; u64);
        for start in [START + 1, START + 2, START + 4] {
            let ours = memory.map(start, 17)?;
            compare_repeated_of!(&memory, ours.byte_region(), start, 17; u8, u16, u32);
            #[cfg(CONFIG_64BIT)]
            compare_repeated_of!(&memory, ours.byte_region(), start, 17; u64);
        }
        let region = IoRegion::Memory(memory.map(START, 20)?);
        compare_repeated_of!(&memory, &region, START, 20; u8, u16, u32);
        Ok(())
    }

    #[test]
    #[cfg(CONFIG_64BIT)]
    fn s35_repeated_accesses_at_constant_offsets() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        let ours = memory.map(START, 16)?;
        let (all, cookie) = (
            check_ok!(ours.sized_byte_region::<16>()),
            memory.cookie(START),
        );
        let bytes = memory.bytes_after(|| {
            all.write_rep(15, &[1_u8]);
            all.write_rep(12, &[3_u16, 2]);
            all.write_rep(8, &[6_u32, 5, 4]);
            all.write_rep(0, &[7_u64]);
        });
        TestMemory::check_unchanged_outside(&bytes, START, 16)?;
        check_eq!(bytes[START + 14], TestMemory::PATTERN[START + 14]);
        let (mut one, mut two) = ([0_u64; 1], [0_u32; 2]);
        all.read_rep(0, &mut one);
        all.read_rep(8, &mut two);
        check_eq!((one, two), ([7], [4, 4]));
        check_eq!(cookie.offset(12).read(Access::Plain16), 2);
        check_eq!(cookie.offset(15).read(Access::Plain8), 1);
        Ok(())
    }
}
