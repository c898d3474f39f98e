// SPDX-License-Identifier: GPL-2.0

//! Many bytes or values at a time, on memory: copies, fills and strings beside C's.

use crate::support::{accessors::*, outcome::*, ranges::*};
use io_mapping_rs::{
    io::{IoExt, IoFill, IoRepeat},
    CacheMode, IoRegion,
};
use kernel::{
    io::{Io, IoBase, IoCopyable},
    prelude::*,
};

/// Where our memory begins in a [`Canvas`].
const BASE: usize = 64;
/// The longest block, and the largest offset.
const LONGEST: usize = 64;
const FARTHEST: usize = 16;
/// What the block holds, and what is around a buffer that is read into.
const DATA: [u8; LONGEST] = {
    let mut data = [0; LONGEST];
    let mut at = 0;
    while at < LONGEST {
        data[at] = (at * 91 + 5) as u8;
        at += 1;
    }
    data
};
const AROUND: u8 = 0xee;

type Blocks<'t> = (
    &'t dyn Fn(usize, &[u8]) -> Result,
    &'t dyn Fn(usize, &mut [u8]) -> Result,
    &'t dyn Fn(usize, usize, u8) -> Result,
);

/// Our copy to, copy from and fill of `size` bytes from `base` on, beside C's: each length at each
/// offset, and those that go past the end.
fn same_blocks(canvas: &Canvas, (to, from, fill): Blocks<'_>, base: usize, size: usize) -> Outcome {
    for (offset, len) in (0..=FARTHEST).flat_map(|at| (0..=LONGEST).map(move |len| (at, len))) {
        let (at, fits) = (base + offset, offset + len <= size);
        let cookie = canvas.cookie(at);
        let expected = if fits { Ok(()) } else { Err(EINVAL) };

        let mut result = Ok(());
        let ours = canvas.after(|| result = to(offset, &DATA[..len]));
        check_eq!((offset, len, result), (offset, len, expected));
        let theirs = canvas.after(|| {
            if fits {
                cookie.copy_from_slice(&DATA[..len])
            }
        });
        check_eq!((offset, len, ours), (offset, len, theirs));
        Canvas::untouched_but(&ours, at, if fits { len } else { 0 })?;

        let ours = canvas.after(|| result = fill(offset, len, 0x5c));
        check_eq!((offset, len, result), (offset, len, expected));
        let theirs = canvas.after(|| {
            if fits {
                cookie.fill(0x5c, len)
            }
        });
        check_eq!((offset, len, ours), (offset, len, theirs));
        Canvas::untouched_but(&ours, at, if fits { len } else { 0 })?;

        let (mut ours, mut theirs) = ([AROUND; LONGEST + 16], [AROUND; LONGEST + 16]);
        canvas.reset();
        check_eq!(from(offset, &mut ours[8..8 + len]), expected);
        check_eq!(canvas.bytes(), Canvas::BEFORE);
        if fits {
            cookie.copy_to_slice(&mut theirs[8..8 + len]);
            check_eq!(ours[8..8 + len], Canvas::BEFORE[at..at + len]);
        }
        check_eq!((offset, len, ours), (offset, len, theirs));
    }
    Ok(())
}

/// [`same_blocks`] for whatever has [`IoExt`].
fn same_blocks_of<'a, IO: IoBase<'a>>(canvas: &Canvas, io: IO, base: usize, size: usize) -> Outcome
where
    IO::Backend: IoCopyable + IoFill,
{
    let blocks: Blocks<'_> = (
        &|at, data| io.try_copy_from_slice(at, data),
        &|at, data| io.try_copy_to_slice(at, data),
        &|at, len, byte| io.try_fill(at, len, byte),
    );
    same_blocks(canvas, blocks, base, size)
}

/// Our strings of `T` to and from one register in `size` bytes from `base` on, beside C's, or,
/// where C has none, beside one value after the other.
fn same_strings<'a, T: Value, IO: IoBase<'a>>(
    canvas: &Canvas,
    io: IO,
    base: usize,
    size: usize,
) -> Outcome
where
    IO::Backend: IoRepeat<T>,
{
    let width = size_of::<T>();
    let data: [T; LONGEST] = core::array::from_fn(T::number);
    for (offset, len) in (0..=FARTHEST).flat_map(|at| (0..=LONGEST).map(move |len| (at, len))) {
        let (at, data) = (base + offset, &data[..len]);
        let cookie = canvas.cookie(at);
        let fits = offset + width <= size && at % width == 0;
        let expected = if fits { Ok(()) } else { Err(EINVAL) };

        let mut result = Ok(());
        let ours = canvas.after(|| result = io.try_write_rep(offset, data));
        check_eq!((width, offset, len, result), (width, offset, len, expected));
        let theirs = canvas.after(|| match data.last() {
            Some(last) if fits && width == 8 => cookie.write(Form::Plain64, (*last).into()),
            _ if fits => cookie.write_rep(data),
            _ => (),
        });
        check_eq!((width, offset, len, ours), (width, offset, len, theirs));
        Canvas::untouched_but(&ours, at, if fits { width } else { 0 })?;

        let (mut ours, mut theirs) = ([T::number(99); LONGEST + 2], [T::number(99); LONGEST + 2]);
        canvas.reset();
        check_eq!(io.try_read_rep(offset, &mut ours[1..1 + len]), expected);
        check_eq!(canvas.bytes(), Canvas::BEFORE);
        if fits && width == 8 {
            theirs[1..1 + len].fill(T::lowest(cookie.read(Form::Plain64)));
        } else if fits {
            cookie.read_rep(&mut theirs[1..1 + len]);
        }
        check!(ours == theirs);
    }
    Ok(())
}

/// Those of every width that an `IO` has.
macro_rules! same_strings_of {
    ($canvas:expr, $io:expr, $base:expr, $size:expr; $($ty:ty),*) => {
        $( same_strings::<$ty, _>($canvas, $io, $base, $size)?; )*
    };
}

#[kunit_tests(iomrs_io_blocks)]
mod tests {
    use super::*;

    #[test]
    fn s38_copies_and_fills_as_in_c_on_a_mapping() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        // The last bytes of it are outside of its region.
        for (base, size) in [(BASE, 80), (BASE, 71), (BASE + 3, 74)] {
            let ours = canvas.ours(base, size)?;
            let blocks: Blocks<'_> = (
                &|at, data| ours.try_copy_from_slice(at, data),
                &|at, data| ours.try_copy_to_slice(at, data),
                &|at, len, byte| ours.try_fill(at, len, byte),
            );
            same_blocks(&canvas, blocks, base, size)?;
        }
        Ok(())
    }

    #[test]
    fn s38_copies_and_fills_as_in_c_on_views() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        let ours = canvas.ours(BASE, 79)?;
        same_blocks_of(&canvas, (&ours).as_view(), BASE, 76)?;
        same_blocks_of(&canvas, ours.bytes(), BASE, 79)?;
        same_blocks_of(&canvas, (&ours).be(), BASE, 76)?;
        let odd = canvas.ours(BASE + 1, 77)?;
        same_blocks_of(&canvas, odd.byte_region(), BASE + 1, 77)?;
        same_blocks_of(&canvas, (&odd).as_view(), BASE, 0)
    }

    #[test]
    fn s35_repeated_accesses_as_in_c() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        let ours = canvas.ours(BASE, 20)?;
        same_strings_of!(&canvas, &ours, BASE, 20; u8, u16, u32, u64);
        for base in [BASE + 1, BASE + 2, BASE + 4] {
            let ours = canvas.ours(base, 17)?;
            same_strings_of!(&canvas, ours.byte_region(), base, 17; u8, u16, u32, u64);
        }
        let region = IoRegion::Memory(canvas.ours(BASE, 20)?);
        same_strings_of!(&canvas, &region, BASE, 20; u8, u16, u32);
        Ok(())
    }

    #[test]
    fn s35_repeated_accesses_at_constant_offsets() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        let ours = canvas.ours(BASE, 16)?;
        let (all, theirs) = (
            check_ok!(ours.sized_byte_region::<16>()),
            canvas.cookie(BASE),
        );
        let bytes = canvas.after(|| {
            all.write_rep(15, &[1_u8]);
            all.write_rep(12, &[3_u16, 2]);
            all.write_rep(8, &[6_u32, 5, 4]);
            all.write_rep(0, &[7_u64]);
        });
        Canvas::untouched_but(&bytes, BASE, 16)?;
        check_eq!(bytes[BASE + 14], Canvas::BEFORE[BASE + 14]);
        let (mut one, mut two) = ([0_u64; 1], [0_u32; 2]);
        all.read_rep(0, &mut one);
        all.read_rep(8, &mut two);
        check_eq!((one, two), ([7], [4, 4]));
        check_eq!(theirs.at(12).read(Form::Plain16), 2);
        check_eq!(theirs.at(15).read(Form::Plain8), 1);
        Ok(())
    }

    #[test]
    fn s38_write_combining_stores_copies_and_doorbell() -> Outcome {
        let bar = require!(Range::bar2());
        let canvas = Canvas::new(bar)?;
        let registers = canvas.ours(BASE, 8)?;
        let next = Range {
            phys: bar.phys + PAGE,
            ..bar
        };
        Canvas::new(next)?.reset();
        // SAFETY: BAR 2 is for the tests.
        let memory = check_ok!(unsafe { io_mapping_rs::ioremap::ioremap_wc(next.phys, 0x41) });
        let achieved = memory.achieved();
        let mut wc = memory.wc();
        check_ok!(wc.try_fill(0, 0x41, 0));
        for (offset, len) in (0..=FARTHEST).flat_map(|at| (0..=48).map(move |len| (at, len))) {
            check_ok!(wc.try_copy_from_slice(offset, &DATA[..len]));
            let mut back = [AROUND; LONGEST];
            check_ok!(wc.try_copy_to_slice(offset, &mut back[..len]));
            check_eq!(back[..len], DATA[..len]);
        }
        check_ok!(wc.try_write64(0x8877_6655_4433_2211, 8));
        check_ok!(wc.try_write32(0xccbb_aa99, 16));
        check_ok!(wc.try_write16(0xeedd, 20));
        check_ok!(wc.try_write8(0xff, 0x40));
        check_err!(wc.try_write16(0, 0x40), EINVAL);
        check_err!(wc.try_read16(0x40), EINVAL);
        check_err!(wc.try_write32(0, 2), EINVAL);
        check_err!(wc.try_write64(0, 4), EINVAL);
        check_eq!(wc.try_read64(8), Ok(0x8877_6655_4433_2211));
        check_eq!(wc.try_read32(8), Ok(0x4433_2211));
        check_eq!(wc.try_read16(20), Ok(0xeedd));
        check_eq!(wc.try_read8(0x40), Ok(0xff));
        let doorbell = check_ok!((&registers).try_doorbell::<u32>(4));
        check_ok!((&registers).try_write64(0, 0));
        doorbell.ring(0x0d00_4be1, wc.flush());
        check_eq!((&registers).try_read64(0), Ok(0x0d00_4be1 << 32));
        let mut sized = check_ok!(memory.sized_wc::<0x40>());
        sized.write64(1, 0);
        sized.write8(2, 0x3f);
        check_eq!((sized.read64(0), sized.read8(0x3f)), (1, 2));
        check_ok!((&registers).be().try_doorbell::<u16>(0)).ring(0x1234, sized.flush());
        check_eq!((&registers).try_read16(0), Ok(0x3412));
        check!(achieved == CacheMode::WriteCombining || !crate::c::iomrs_c_pat_enabled());
        drop(memory);
        let seen = Canvas::new(next)?.bytes();
        check_eq!(
            seen[8..16],
            [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]
        );
        check_eq!(seen[16..22], [0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee]);
        check_eq!((seen[0], seen[0x3f], seen[0x40]), (1, 2, 0xff));
        Canvas::untouched_but(&seen, 0, 0x41)
    }
}
