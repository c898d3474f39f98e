// SPDX-License-Identifier: GPL-2.0

//! What lies outside is refused by every accessor of every kind, and not touched.

use crate::support::{accessors::*, outcome::*, ranges::*};
use io_mapping_rs::{
    io::{ByteRegion, IoExt, IoFill, IoRepeat, Shared, View},
    IoRegion, Mapping, Ports,
};
use kernel::{
    io::{Io, IoBase, IoCapable, IoCopyable},
    prelude::*,
};

/// Where our memory begins in a [`Canvas`], and its size.
const BASE: usize = 64;
const SIZE: usize = 24;

/// Offsets at which `width` bytes leave `size` bytes: across the end, past it, and where sums
/// overflow.
fn outside(size: usize, width: usize) -> impl Iterator<Item = usize> {
    let far = |far: usize| far - 8..=far + 8;
    [
        (size + 1).saturating_sub(width)..=size + 8,
        far(1 << 31),
        far(1 << 32),
        far(1 << 63),
        usize::MAX - 40..=usize::MAX,
    ]
    .into_iter()
    .flatten()
}

/// Values of all forms.
fn no_value<IO: Copy>(io: IO, size: usize, accessors: &[Accessor<IO>]) -> Outcome {
    for Accessor { form, read, write } in accessors {
        for offset in outside(size, form.width()) {
            check_eq!(
                (form, offset, read(io, offset)),
                (form, offset, Err(EINVAL))
            );
            check_eq!(
                (form, offset, write(io, !0, offset)),
                (form, offset, Err(EINVAL))
            );
        }
    }
    Ok(())
}

/// Strings of every length, and doorbells.
fn no_register<'a, T: Value, IO: IoBase<'a>>(io: IO, size: usize) -> Outcome
where
    IO::Backend: IoRepeat<T> + IoCapable<T>,
{
    for offset in outside(size, size_of::<T>()) {
        for len in [0, 1, 2, 64] {
            let mut data = [T::number(7); 64];
            check_err!(io.try_write_rep(offset, &data[..len]), EINVAL);
            check_err!(io.try_read_rep(offset, &mut data[..len]), EINVAL);
            check!(data.iter().all(|&value| value == T::number(7)));
        }
        check_err!(io.try_doorbell::<T>(offset), EINVAL);
    }
    Ok(())
}

/// Blocks, of no bytes and of more than there can be.
fn no_block<'a, IO: IoBase<'a>>(io: IO, size: usize) -> Outcome
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
        // Sums that overflow, to 0 and to what would fit.
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
        let nothing = if offset == size { Ok(()) } else { Err(EINVAL) };
        check_eq!((offset, io.try_fill(offset, 0, 0)), (offset, nothing));
        check_eq!(io.try_copy_from_slice(offset, &[]), nothing);
        check_eq!(io.try_copy_to_slice(offset, &mut []), nothing);
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
        let canvas = Canvas::new(require!(Range::bar2()))?;
        canvas.reset();
        let ours = &canvas.ours(BASE, SIZE)?;
        no_value(ours, SIZE, &common!(&Mapping))?;
        no_value(ours, SIZE, &of_memory!(&Mapping))?;
        no_register::<u8, _>(ours, SIZE)?;
        no_register::<u16, _>(ours, SIZE)?;
        no_register::<u32, _>(ours, SIZE)?;
        no_register::<u64, _>(ours, SIZE)?;
        no_block(ours.as_view(), SIZE)?;
        check_eq!(canvas.bytes(), Canvas::BEFORE);
        let odd = canvas.ours(BASE + 3, SIZE - 1)?;
        let all = odd.byte_region();
        no_value(all, SIZE - 1, &common!(View<'_, ByteRegion, Shared>))?;
        no_value(all, SIZE - 1, &of_memory!(View<'_, ByteRegion, Shared>))?;
        no_register::<u8, _>(all, SIZE - 1)?;
        no_register::<u64, _>(all, SIZE - 1)?;
        no_block(all, SIZE - 1)?;
        // An untyped region of it has no bytes.
        no_value(&odd, 0, &common!(&Mapping))?;
        no_value(&odd, 0, &of_memory!(&Mapping))?;
        no_register::<u8, _>(&odd, 0)?;
        no_block((&odd).as_view(), 0)?;
        check_eq!(canvas.bytes(), Canvas::BEFORE);
        Ok(())
    }

    #[test]
    fn s38_outside_of_write_combining_memory_is_einval() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        canvas.reset();
        let ours = canvas.ours(BASE, SIZE + 1)?;
        let (mut wc, size) = (ours.wc(), SIZE + 1);
        no_block(&wc, size)?;
        for offset in outside(size, 1) {
            check_err!(wc.try_read8(offset), EINVAL);
            check_err!(wc.try_write8(0, offset), EINVAL);
            check_err!(wc.try_read64(offset), EINVAL);
            check_err!(wc.try_write64(0, offset), EINVAL);
            check_err!(wc.try_write16(0, offset - 1), EINVAL);
            check_err!(wc.try_write32(0, offset - 3), EINVAL);
            check_err!(wc.try_write64(0, offset - 7), EINVAL);
        }
        let _ = wc.flush();
        check_eq!(canvas.bytes(), Canvas::BEFORE);
        Ok(())
    }

    #[test]
    fn s33_outside_of_ports_is_einval() -> Outcome {
        // Ports that do not exist on a PC; none is accessed anyway.
        for (first, count) in [(0xfff0, 16), (0xfff1, 15), (0xffff, 1), (0xfff0, 7)] {
            // SAFETY: All accesses are refused.
            let ports = || unsafe { Ports::new(first, count) };
            let ours = check_ok!(ports());
            let size = if first % 4 == 0 { count & !3 } else { 0 };
            no_value(&ours, size, &common!(&Ports))?;
            no_register::<u8, _>(&ours, size)?;
            no_register::<u16, _>(&ours, size)?;
            no_register::<u32, _>(&ours, size)?;
            no_register::<u8, _>(ours.byte_region(), count)?;
            no_register::<u32, _>(ours.byte_region(), count)?;
            let region = IoRegion::Ports(ours);
            no_value(&region, size, &common!(&IoRegion))?;
            no_register::<u16, _>(&region, size)?;
            no_register::<u16, _>(region.byte_region(), count)?;
        }
        Ok(())
    }

    #[test]
    fn s32_outside_of_a_region_of_memory_is_einval() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        canvas.reset();
        let region = IoRegion::Memory(canvas.ours(BASE, SIZE + 2)?);
        no_value(&region, SIZE, &common!(&IoRegion))?;
        no_register::<u8, _>(&region, SIZE)?;
        no_register::<u32, _>(&region, SIZE)?;
        no_register::<u16, _>(region.byte_region(), SIZE + 2)?;
        check_err!(region.sized::<28>(), EINVAL);
        check_ok!(region.sized::<24>());
        check_eq!(canvas.bytes(), Canvas::BEFORE);
        Ok(())
    }
}
