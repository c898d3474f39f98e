// SPDX-License-Identifier: GPL-2.0

//! One value at a time, on memory: our accessors beside C's, on the same bytes.

use crate::support::{accessors::*, outcome::*, ranges::*};
use io_mapping_rs::{
    io::{ByteRegion, IoExt, Shared, View},
    IoRegion, Mapping,
};
use kernel::{
    io::{register, Io, IoBase, Region},
    prelude::*,
};

/// Where the memory begins whose accesses are compared, in a [`Canvas`].
const BASE: usize = 64;

const VALUE: u64 = 0xf1e2_d3c4_b5a6_9788;

register! {
    /// In memory, in big endian.
    BIG(u32) @ 0x8 {
        31:16 high;
        7:0 low;
    }
}

/// Our accessors on `size` bytes from `base` on, beside C's on the same: at every offset from 0 to
/// past the end.
fn same_values<IO: Copy>(
    canvas: &Canvas,
    io: IO,
    base: usize,
    size: usize,
    accessors: &[Accessor<IO>],
) -> Outcome {
    for Accessor { form, read, write } in accessors {
        for offset in 0..size + 9 {
            let at = base + offset;
            let (ours, theirs) = (|| write(io, VALUE, offset), canvas.cookie(at));
            if offset + form.width() > size || at % form.align() != 0 {
                check_err!(read(io, offset), EINVAL);
                let mut written = Ok(());
                check_eq!(canvas.after(|| written = ours()), Canvas::BEFORE);
                check_err!(written, EINVAL);
                continue;
            }
            let mut seen = Ok(0);
            check_eq!(canvas.after(|| seen = read(io, offset)), Canvas::BEFORE);
            check_eq!((form, offset, seen), (form, offset, Ok(theirs.read(*form))));
            let by_ours = canvas.after(|| seen = ours().map(|()| 0));
            check_eq!(seen, Ok(0));
            let by_theirs = canvas.after(|| theirs.write(*form, VALUE));
            check_eq!((form, offset, by_ours), (form, offset, by_theirs));
            Canvas::untouched_but(&by_ours, at, form.width())?;
            check!(by_ours != Canvas::BEFORE);
        }
    }
    Ok(())
}

#[kunit_tests(iomrs_io_memory)]
mod tests {
    use super::*;

    #[test]
    fn s35_every_accessor_as_in_c_on_a_mapping() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        let ours = canvas.ours(BASE, 32)?;
        same_values(&canvas, &ours, BASE, 32, &common!(&Mapping))?;
        same_values(&canvas, &ours, BASE, 32, &of_memory!(&Mapping))
    }

    #[test]
    fn s38_every_accessor_as_in_c_at_any_start_and_size() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        for base in BASE..BASE + 8 {
            for size in [1, 7, 8, 19] {
                let ours = canvas.ours(base, size)?;
                let all = ours.byte_region();
                same_values(
                    &canvas,
                    all,
                    base,
                    size,
                    &common!(View<'_, ByteRegion, Shared>),
                )?;
                same_values(
                    &canvas,
                    all,
                    base,
                    size,
                    &of_memory!(View<'_, ByteRegion, Shared>),
                )?;
                // What a region leaves out is refused, not read.
                let size = if base % 4 == 0 { size & !3 } else { 0 };
                let region = (&ours).as_view();
                check_eq!(Io::size(region), size);
                same_values(
                    &canvas,
                    region,
                    base,
                    size,
                    &common!(View<'_, Region, Shared>),
                )?;
                same_values(
                    &canvas,
                    region,
                    base,
                    size,
                    &of_memory!(View<'_, Region, Shared>),
                )?;
            }
        }
        Ok(())
    }

    #[test]
    fn s32_region_of_memory_as_in_c() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        let ours = IoRegion::Memory(canvas.ours(BASE, 32)?);
        check_eq!((ours.size(), ours.ports().is_none()), (32, true));
        check_eq!(ours.memory().map(|memory| memory.size()), Some(32));
        same_values(&canvas, &ours, BASE, 32, &common!(&IoRegion))?;
        let odd = IoRegion::Memory(canvas.ours(BASE + 1, 30)?);
        let all = odd.byte_region();
        for at in 0..30 {
            check_eq!(
                all.try_read8(at),
                Ok(canvas.cookie(BASE + 1 + at).read(Form::Plain8) as u8)
            );
        }
        check_err!(all.try_read8(30), EINVAL);
        Ok(())
    }

    #[test]
    fn s38_constant_offsets_of_every_width() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        let ours = canvas.ours(BASE, 33)?;
        let (all, theirs) = (
            check_ok!(ours.sized_byte_region::<33>()),
            canvas.cookie(BASE),
        );
        canvas.reset();
        check_eq!(u64::from(all.read8(32)), theirs.at(32).read(Form::Plain8));
        check_eq!(u64::from(all.read16(30)), theirs.at(30).read(Form::Plain16));
        check_eq!(u64::from(all.read32(28)), theirs.at(28).read(Form::Plain32));
        check_eq!(all.read64(24), theirs.at(24).read(Form::Plain64));
        check_eq!(u64::from(all.read16_be(2)), theirs.at(2).read(Form::Be16));
        check_eq!(u64::from(all.read32_be(4)), theirs.at(4).read(Form::Be32));
        check_eq!(all.read64_be(8), theirs.at(8).read(Form::Be64));
        check_eq!(all.relaxed().read64(8), theirs.at(8).read(Form::Relaxed64));
        let ours = canvas.after(|| {
            all.write64(VALUE, 0);
            all.write64_be(VALUE, 8);
            all.write32_be(VALUE as u32, 16);
            all.write16_be(VALUE as u16, 20);
            all.write8(VALUE as u8, 32);
        });
        let theirs = canvas.after(|| {
            theirs.write(Form::Plain64, VALUE);
            theirs.at(8).write(Form::Be64, VALUE);
            theirs.at(16).write(Form::Be32, VALUE & 0xffff_ffff);
            theirs.at(20).write(Form::Be16, VALUE & 0xffff);
            theirs.at(32).write(Form::Plain8, VALUE & 0xff);
        });
        check_eq!(ours, theirs);
        Ok(())
    }

    #[test]
    fn s38_size_known_to_the_compiler_is_checked_once() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        let ours = canvas.ours(BASE, 33)?;
        check_err!(ours.sized_byte_region::<34>(), EINVAL);
        check_err!(ours.sized_wc::<34>(), EINVAL);
        check_err!(ours.sized::<33>(), EINVAL);
        check_ok!(ours.sized::<32>());
        check_ok!(ours.sized_wc::<33>());
        for skipped in 1..8 {
            let ours = canvas.ours(BASE + skipped, 33)?;
            check_err!(ours.sized_byte_region::<1>(), EINVAL);
            check_err!(ours.sized_wc::<1>(), EINVAL);
            check_ok!(ours.sized_byte_region::<0>());
            check_ok!(ours.sized_wc::<0>());
            check_eq!(ours.sized::<4>().is_ok(), skipped == 4);
        }
        Ok(())
    }

    #[test]
    fn s35_big_endian_registers() -> Outcome {
        let canvas = Canvas::new(require!(Range::bar2()))?;
        let (ours, theirs) = (canvas.ours(BASE, 32)?, canvas.cookie(BASE + 8));
        let sized = check_ok!(ours.sized::<32>());
        canvas.reset();
        theirs.write(Form::Be32, 0xabcd_0042);
        let read = sized.be().read(BIG);
        check_eq!((read.high().get(), read.low().get()), (0xabcd, 0x42));
        sized.be().update(BIG, |big| big.with_const_low::<0x78>());
        check_eq!(theirs.read(Form::Be32), 0xabcd_0078);
        check_ok!((&ours)
            .be()
            .try_update(BIG, |big| big.with_const_high::<0x1234>()));
        check_eq!(theirs.read(Form::Be32), 0x1234_0078);
        sized.be().write_reg(BIG::zeroed().with_const_low::<0x9a>());
        check_eq!(theirs.read(Form::Be32), 0x9a);
        // Bytes have no order to change.
        check_eq!((&ours).be().try_read8(11), Ok(0x9a));
        // Twice is little endian again.
        check_eq!((&ours).be().be().try_read32(8), Ok(0x9a00_0000));
        Canvas::untouched_but(&canvas.bytes(), BASE + 8, 4)
    }
}
