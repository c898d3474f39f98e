// SPDX-License-Identifier: GPL-2.0

//! Ports: our accessors beside C's, on a serial port that nobody uses.

use crate::{
    c,
    support::{accessors::*, outcome::*, uart::*},
};
use io_mapping_rs::{
    io::{ByteRegion, IoExt, IoRepeat},
    ports::PortView,
    IoRegion, Ports,
};
use kernel::{
    io::{register, Io, IoBase},
    prelude::*,
};

register! {
    /// [`SCRATCH`] in two halves.
    HALVES(u8) @ 0x7 {
        7:4 high;
        3:0 low;
    }

    /// While [`DIVISOR_LATCH`] is set, in little endian.
    DIVISOR(u16) @ 0x0 {
        15:8 high;
        7:0 low;
    }
}

/// In each byte the highest bit is set, so that [`DIVISOR_LATCH`] stays.
const VALUE: u64 = 0xf1e2_d3c4_b5a6_9788;

/// Our accessors on `count` ports from the uart's port `skipped` on, beside C's: at every offset
/// from 0 to past the end.
fn same_values<IO: Copy>(
    uart: &Uart,
    io: IO,
    skipped: usize,
    count: usize,
    accessors: &[Accessor<IO>],
) -> Outcome {
    let untouched = uart.after(DIVISOR_LATCH, 0, || ()).1;
    for Accessor { form, read, write } in accessors {
        for offset in 0..count + 9 {
            let at = skipped + offset;
            let ours_read = uart.after(DIVISOR_LATCH, 0, || read(io, offset));
            let ours_written = uart.after(DIVISOR_LATCH, 0, || write(io, VALUE, offset));
            if offset + form.width() > count || at % form.align() != 0 {
                check_eq!(
                    (form, offset, ours_read),
                    (form, offset, (Err(EINVAL), untouched))
                );
                check_eq!(
                    (form, offset, ours_written),
                    (form, offset, (Err(EINVAL), untouched))
                );
                continue;
            }
            let theirs = uart.theirs.at(at);
            let theirs_read = uart.after(DIVISOR_LATCH, 0, || Ok(theirs.read(*form)));
            check_eq!((form, offset, ours_read), (form, offset, theirs_read));
            let theirs_written = uart.after(DIVISOR_LATCH, 0, || {
                theirs.write(*form, VALUE);
                Ok(())
            });
            check_eq!((form, offset, ours_written), (form, offset, theirs_written));
        }
    }
    Ok(())
}

/// Our strings of `T` beside C's, through the data register and those after it, into the FIFO and
/// out of it.
fn same_strings<'a, T: Value, IO: IoBase<'a>>(uart: &Uart, io: IO) -> Outcome
where
    IO::Backend: IoRepeat<T>,
{
    const LINE_8_BITS: u64 = 3;
    let width = size_of::<T>();
    // A byte for each of the first four registers: no interrupts, the FIFO on, eight bits.
    let data: [T; FIFO_DEPTH] =
        core::array::from_fn(|n| T::lowest(LINE_8_BITS << 24 | 1 << 16 | (n as u64 * 13 + 0x41)));
    let theirs = uart.theirs;
    for len in 0..=FIFO_DEPTH {
        let data = &data[..len];
        let ours = uart.after(LINE_8_BITS, LOOP, || io.try_write_rep(DATA, data));
        let by_c = uart.after(LINE_8_BITS, LOOP, || {
            theirs.write_rep(data);
            Ok(())
        });
        check_eq!((width, len, ours), (width, len, by_c));
        check_eq!(
            ours.1[FIFO_BEGIN..]
                .iter()
                .filter(|&&received| received != 0)
                .count(),
            len
        );

        let mut values = [[T::number(99); FIFO_DEPTH + 2]; 2];
        let [ours, by_c] = &mut values;
        let ours = uart.after(LINE_8_BITS, LOOP, || {
            theirs.write_rep(data);
            io.try_read_rep(DATA, &mut ours[1..1 + len])
        });
        let by_c = uart.after(LINE_8_BITS, LOOP, || {
            theirs.write_rep(data);
            theirs.read_rep(&mut by_c[1..1 + len]);
            Ok(())
        });
        check_eq!((width, len, ours), (width, len, by_c));
        check!(values[0] == values[1]);
        check!(ours.1[FIFO_BEGIN..].iter().all(|&received| received == 0));
        let (first, last) = (values[0][1].into() & 0xff, values[0][len].into() & 0xff);
        if len != 0 {
            check_eq!(
                (first, last),
                (data[0].into() & 0xff, data[len - 1].into() & 0xff)
            );
        }
    }
    Ok(())
}

#[kunit_tests(iomrs_io_ports)]
mod tests {
    use super::*;

    #[test]
    fn s32_every_accessor_as_in_c() -> Outcome {
        let uart = require!(Uart::new());
        let ours = uart.ours()?;
        check_eq!((ours.first(), ours.count()), (uart.first, COUNT));
        same_values(&uart, &ours, 0, COUNT, &common!(&Ports))?;
        let region = IoRegion::Ports(uart.ours()?);
        check_eq!((region.size(), region.memory().is_none()), (COUNT, true));
        check_eq!(region.ports().map(Ports::first), Some(uart.first));
        same_values(&uart, &region, 0, COUNT, &common!(&IoRegion))
    }

    #[test]
    fn s38_every_accessor_as_in_c_at_any_first_port_and_count() -> Outcome {
        let uart = require!(Uart::new());
        for (skipped, count) in [(0, 7), (1, 7), (2, 5), (3, 2), (4, 4), (7, 1)] {
            // SAFETY: Some of the ports that we have requested.
            let ours = check_ok!(unsafe { Ports::new(uart.first + skipped, count) });
            let all = ours.byte_region();
            same_values(
                &uart,
                all,
                skipped,
                count,
                &common!(PortView<'_, ByteRegion>),
            )?;
            let within = if skipped % 4 == 0 { count & !3 } else { 0 };
            same_values(&uart, &ours, skipped, within, &common!(&Ports))?;
            let region = IoRegion::Ports(ours);
            let all = region.byte_region();
            check_eq!(all.try_read8(count - 1).is_ok(), true);
            check_err!(all.try_read8(count), EINVAL);
        }
        Ok(())
    }

    #[test]
    fn s35_halves_in_the_order_of_their_name() -> Outcome {
        let uart = require!(Uart::new());
        let ours = &uart.ours()?;
        let (line, byte) = (3, 0x41);
        // The low half holds the data, the high half the loop and whether there is any data.
        let value = LOOP << 32 | line << 24 | 1 << 16 | byte;
        let written = |write: &dyn Fn() -> Result| uart.after(line, 0, write).1[FIFO_BEGIN];
        check_eq!(written(&|| ours.try_write64_lo_hi(value, 0)), 0);
        check_eq!(written(&|| ours.try_write64_hi_lo(value, 0)), 0x100 | byte);
        let read = |read: &dyn Fn() -> Result<u64>| {
            let received = || {
                uart.set(DATA, byte);
                read().map(|value| (value & 0xff, value >> 40 & RECEIVED))
            };
            uart.after(line, LOOP, received).0
        };
        check_eq!(read(&|| ours.try_read64_lo_hi(0)), Ok((byte, 0)));
        check_eq!(read(&|| ours.try_read64_hi_lo(0)), Ok((byte, 1)));
        // In big endian the half with the data is the high one.
        let swapped = |read: Result<u64>| read.map(u64::swap_bytes);
        check_eq!(
            read(&|| swapped(ours.be().try_read64_hi_lo(0))),
            Ok((byte, 0))
        );
        check_eq!(
            read(&|| swapped(ours.be().try_read64_lo_hi(0))),
            Ok((byte, 1))
        );
        let value = value.swap_bytes();
        check_eq!(written(&|| ours.be().try_write64_hi_lo(value, 0)), 0);
        check_eq!(
            written(&|| ours.be().try_write64_lo_hi(value, 0)),
            0x100 | byte
        );
        Ok(())
    }

    #[test]
    fn s35_repeated_accesses_as_in_c() -> Outcome {
        let uart = require!(Uart::new());
        let ours = uart.ours()?;
        same_strings::<u8, _>(&uart, &ours)?;
        same_strings::<u16, _>(&uart, &ours)?;
        same_strings::<u32, _>(&uart, &ours)?;
        let region = IoRegion::Ports(uart.ours()?);
        same_strings::<u8, _>(&uart, &region)?;
        same_strings::<u16, _>(&uart, &region)?;
        same_strings::<u32, _>(&uart, &region)
    }

    #[test]
    fn s35_repeated_accesses_outside_are_einval() -> Outcome {
        let uart = require!(Uart::new());
        let ours = &uart.ours()?;
        let untouched = uart.after(3, LOOP, || ()).1;
        for offset in [8, 9, 0xffff, usize::MAX - uart.first, usize::MAX] {
            let string = || {
                check_err!(ours.try_write_rep(offset, &[0x41_u8]), EINVAL);
                check_err!(ours.try_read_rep(offset, &mut [0_u8]), EINVAL);
                check_err!(ours.try_write_rep::<u8>(offset, &[]), EINVAL);
                check_err!(ours.try_write_rep(offset - 1, &[0x41_u16; 3]), EINVAL);
                check_err!(ours.try_write_rep(offset - 3, &[0x41_u32; 3]), EINVAL);
                check_err!(ours.try_read_rep(1, &mut [0_u16]), EINVAL);
                check_err!(ours.try_read_rep(2, &mut [0_u32]), EINVAL);
                Ok(())
            };
            let (result, state) = uart.after(3, LOOP, string);
            result?;
            check_eq!(state, untouched);
        }
        Ok(())
    }

    #[test]
    fn s32_typed_registers() -> Outcome {
        let uart = require!(Uart::new());
        let (ours, region) = (&uart.ours()?, &IoRegion::Ports(uart.ours()?));
        uart.reset(DIVISOR_LATCH, 0);
        check_eq!(
            ours.try_read(HALVES).map(|halves| halves.high().get()),
            Ok(5)
        );
        check_ok!(region.try_update(HALVES, |halves| halves.with_const_low::<3>()));
        check_eq!(uart.get(SCRATCH), 0x53);
        let (sized, either) = (check_ok!(ours.sized::<8>()), check_ok!(region.sized::<8>()));
        check_eq!(
            (
                sized.read(DIVISOR).high().get(),
                sized.read(DIVISOR).low().get()
            ),
            (0x34, 0x12)
        );
        either.update(DIVISOR, |divisor| divisor.with_const_high::<0x56>());
        check_eq!((uart.get(DATA), uart.get(INTERRUPTS)), (0x12, 0x56));
        sized
            .be()
            .update(DIVISOR, |divisor| divisor.with_const_high::<0x78>());
        check_eq!((uart.get(DATA), uart.get(INTERRUPTS)), (0x78, 0x56));
        check_eq!(either.be().read(DIVISOR).low().get(), 0x56);
        either.write_rep(SCRATCH, &[1_u8, 2, 3]);
        check_eq!((uart.get(SCRATCH), sized.read8(7)), (3, 3));
        check_err!(ours.sized::<12>(), EINVAL);
        check_err!(region.sized::<9>(), EINVAL);
        // SAFETY: Some of the ports that we have requested.
        let odd = check_ok!(unsafe { Ports::new(uart.first + 1, 7) });
        check_err!(odd.sized::<4>(), EINVAL);
        check_ok!(odd.sized::<0>());
        Ok(())
    }

    #[test]
    fn s33_range_past_the_last_port_is_einval() -> Outcome {
        // SAFETY: None of them is accessed.
        let ours = |first, count| unsafe { Ports::new(first, count) };
        for (first, count) in [(0, 1), (0, 0x10000), (0xffff, 1), (0xfffe, 2), (1, 0xffff)] {
            let ports = check_ok!(ours(first, count));
            check_eq!((ports.first(), ports.count()), (first, count));
            check!(c::iomrs_c_ioport_map(first, count as u32) != 0);
        }
        for (first, count) in [(0xffff, 2), (0xfffe, 3), (1, 0x10000), (0, 0x10001)] {
            check_err!(ours(first, count), EINVAL);
            // C hands it out.
            check!(c::iomrs_c_ioport_map(first, count as u32) != 0);
        }
        for first in [0x10000, 0x10001, 0x1_0000_0000, usize::MAX - 1, usize::MAX] {
            check_eq!(c::iomrs_c_ioport_map(first, 1), 0);
            for count in [1, 2, 0xffff, usize::MAX - first, usize::MAX] {
                check_err!(ours(first, count), EINVAL);
            }
        }
        for first in [0, 1, 0xffff, 0x10000, usize::MAX] {
            check_err!(ours(first, 0), EINVAL);
        }
        for count in [1 << 32, (1 << 32) + 1, usize::MAX] {
            check_err!(ours(0, count), EINVAL);
            check_err!(ours(1, count), EINVAL);
        }
        // Nor can an access leave the last port.
        check_err!(
            check_ok!(ours(0xffff, 1)).byte_region().try_read16(0),
            EINVAL
        );
        check_err!(
            check_ok!(ours(0xfffc, 4)).byte_region().try_read64_lo_hi(0),
            EINVAL
        );
        check_err!(
            check_ok!(ours(0xfffe, 2)).byte_region().try_write32(0, 0),
            EINVAL
        );
        Ok(())
    }

    #[test]
    fn s34_port_0_is_a_port() -> Outcome {
        // C gives a cookie for it, takes it for a bad one, warns and reads all ones.
        let theirs = Cookie(c::iomrs_c_ioport_map(0, 4));
        check!(theirs.0 != 0);
        let muted = c::iomrs_c_suppress_warnings();
        let by_c = theirs.read(Form::Plain8);
        // SAFETY: Muted just now.
        let warnings = unsafe { c::iomrs_c_end_suppress_warnings(muted) };
        check_eq!(by_c, 0xff);
        if !muted.is_null() {
            check_eq!(warnings, 1);
        }
        // The address register of a DMA channel: its two bytes in turn.
        // SAFETY: Nobody uses the channel, and reading it twice leaves it as it was.
        let port = || unsafe { (c::iomrs_c_inb(0), c::iomrs_c_inb(0)) };
        // SAFETY: As above.
        let ours = check_ok!(unsafe { Ports::new(0, 4) });
        let log = c::iomrs_c_log_position();
        let read = (
            check_ok!((&ours).try_read8(0)),
            check_ok!(ours.byte_region().try_read8(0)),
        );
        let region = IoRegion::Ports(ours);
        let either = (
            check_ok!((&region).try_read8(0)),
            check_ok!(region.byte_region().try_read8(0)),
        );
        check_eq!((read, either), (port(), port()));
        check_eq!(c::iomrs_c_count_complaints(log), 0);
        if port() == (0xff, 0xff) {
            return skip(c"nothing answers at port 0");
        }
        Ok(())
    }
}
