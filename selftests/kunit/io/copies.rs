// SPDX-License-Identifier: GPL-2.0

//! Copies to and from memory, and fills, the library's beside C's.

use crate::support::{devices::ivshmem_bar, outcome::*, test_memory::TestMemory};
use io_mapping_rs::io::{IoExt, IoFill};
use kernel::{
    io::{IoBase, IoCopyable},
    prelude::*,
};

/// Where in the [`TestMemory`] the memory begins that the library maps.
const START: usize = 64;
/// The largest length and the largest offset that are tried.
const MAX_LEN: usize = 64;
const MAX_OFFSET: usize = 16;
/// What is copied.
const DATA: [u8; MAX_LEN] = {
    let mut data = [0; MAX_LEN];
    let mut at = 0;
    while at < MAX_LEN {
        data[at] = (at * 91 + 5) as u8;
        at += 1;
    }
    data
};
/// What is in a buffer before bytes are copied to it.
const UNUSED: u8 = 0xee;

/// The library's copies and fills of some memory.
#[derive(Clone, Copy)]
struct Blocks<'t> {
    copy_from: &'t dyn Fn(usize, &[u8]) -> Result,
    copy_to: &'t dyn Fn(usize, &mut [u8]) -> Result,
    fill: &'t dyn Fn(usize, usize, u8) -> Result,
}

/// Compares the library's copies and fills of `size` bytes from `start` on with C's: each length at
/// each offset. Those that go past the end must be refused.
fn compare_blocks(memory: &TestMemory, ours: Blocks<'_>, start: usize, size: usize) -> Outcome {
    let lengths = |offset| (0..=MAX_LEN).map(move |len| (offset, len));
    for (offset, len) in (0..=MAX_OFFSET).flat_map(lengths) {
        let (at, fits) = (start + offset, offset + len <= size);
        let cookie = memory.cookie(at);
        let expected = if fits { Ok(()) } else { Err(EINVAL) };
        let changed = if fits { len } else { 0 };

        let mut result = Ok(());
        let bytes = memory.bytes_after(|| result = (ours.copy_from)(offset, &DATA[..len]));
        check_eq!((offset, len, result), (offset, len, expected));
        let in_c = memory.bytes_after(|| cookie.copy_from_slice(&DATA[..changed]));
        check_eq!((offset, len, bytes), (offset, len, in_c));
        TestMemory::check_unchanged_outside(&bytes, at, changed)?;

        let bytes = memory.bytes_after(|| result = (ours.fill)(offset, len, 0x5c));
        check_eq!((offset, len, result), (offset, len, expected));
        let in_c = memory.bytes_after(|| cookie.fill(0x5c, changed));
        check_eq!((offset, len, bytes), (offset, len, in_c));
        TestMemory::check_unchanged_outside(&bytes, at, changed)?;

        let (mut buffer, mut in_c) = ([UNUSED; MAX_LEN + 16], [UNUSED; MAX_LEN + 16]);
        memory.reset();
        check_eq!((ours.copy_to)(offset, &mut buffer[8..8 + len]), expected);
        check_eq!(memory.bytes(), TestMemory::PATTERN);
        if fits {
            cookie.copy_to_slice(&mut in_c[8..8 + len]);
            check_eq!(buffer[8..8 + len], TestMemory::PATTERN[at..at + len]);
        }
        check_eq!((offset, len, buffer), (offset, len, in_c));
    }
    Ok(())
}

/// As [`compare_blocks`], for a type that has [`IoExt`].
fn compare_blocks_of<'a, IO: IoBase<'a>>(
    memory: &TestMemory,
    io: IO,
    start: usize,
    size: usize,
) -> Outcome
where
    IO::Backend: IoCopyable + IoFill,
{
    let blocks = Blocks {
        copy_from: &|at, data| io.try_copy_from_slice(at, data),
        copy_to: &|at, data| io.try_copy_to_slice(at, data),
        fill: &|at, len, byte| io.try_fill(at, len, byte),
    };
    compare_blocks(memory, blocks, start, size)
}

#[kunit_tests(iomrs_io_copies)]
mod tests {
    use super::*;

    #[test]
    fn s38_copies_and_fills_as_in_c_on_a_mapping() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        // The last bytes of the second and third are not in the untyped region.
        for (start, size) in [(START, 80), (START, 71), (START + 3, 74)] {
            let ours = memory.map(start, size)?;
            let blocks = Blocks {
                copy_from: &|at, data| ours.try_copy_from_slice(at, data),
                copy_to: &|at, data| ours.try_copy_to_slice(at, data),
                fill: &|at, len, byte| ours.try_fill(at, len, byte),
            };
            compare_blocks(&memory, blocks, start, size)?;
        }
        Ok(())
    }

    #[test]
    fn s38_copies_and_fills_as_in_c_on_views() -> Outcome {
        let memory = TestMemory::new(require!(ivshmem_bar(2)))?;
        let ours = memory.map(START, 79)?;
        compare_blocks_of(&memory, (&ours).as_view(), START, 76)?;
        compare_blocks_of(&memory, ours.bytes(), START, 79)?;
        compare_blocks_of(&memory, (&ours).be(), START, 76)?;
        let odd = memory.map(START + 1, 77)?;
        compare_blocks_of(&memory, odd.byte_region(), START + 1, 77)?;
        compare_blocks_of(&memory, (&odd).as_view(), START, 0)
    }
}
