// SPDX-License-Identifier: GPL-2.0

//! Accessors of ports, the library's beside C's, on a 16550 that nobody uses.

use crate::support::{accessors::*, outcome::*, uart::*};
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
/// Eight bits a character.
const LINE_8_BITS: u64 = 3;

/// Compares the library's accessors on `count` ports from the port `start` of the UART on with C's,
/// at every offset from 0 to beyond the end.
fn compare_values<IO: Copy>(
    uart: &Uart,
    io: IO,
    start: usize,
    count: usize,
    accessors: &[Accessor<IO>],
) -> Outcome {
    let unchanged = uart.state_after(DIVISOR_LATCH, 0, || ()).1;
    for Accessor {
        access,
        read,
        write,
    } in accessors
    {
        for offset in 0..count + 9 {
            let at = start + offset;
            let our_read = uart.state_after(DIVISOR_LATCH, 0, || read(io, offset));
            let our_write = uart.state_after(DIVISOR_LATCH, 0, || write(io, VALUE, offset));
            let (c_read, c_write) = if offset + access.width() > count || at % access.align() != 0 {
                ((Err(EINVAL), unchanged), (Err(EINVAL), unchanged))
            } else {
                let cookie = uart.cookie.offset(at);
                let read = || Ok(cookie.read(*access));
                let write = || {
                    cookie.write(*access, VALUE);
                    Ok(())
                };
                (
                    uart.state_after(DIVISOR_LATCH, 0, read),
                    uart.state_after(DIVISOR_LATCH, 0, write),
                )
            };
            check_eq!((access, offset, our_read), (access, offset, c_read));
            check_eq!((access, offset, our_write), (access, offset, c_write));
        }
    }
    Ok(())
}

/// How many bytes the FIFO holds.
fn received(state: &State) -> usize {
    let bytes = state[FIFO_BEGIN..].iter();
    bytes.filter(|&&received| received != 0).count()
}

/// Compares the library's repeated accesses of `T` with C's: through the data register, and as many
/// of those after it as `T` is wide, into the FIFO and out of it.
fn compare_repeated<'a, T: Value, IO: IoBase<'a>>(uart: &Uart, io: IO) -> Outcome
where
    IO::Backend: IoRepeat<T>,
{
    let width = size_of::<T>();
    // A byte for each of the first four registers: no interrupts, the FIFO on, eight bits.
    let data: [T; FIFO_DEPTH] =
        core::array::from_fn(|n| T::truncate(LINE_8_BITS << 24 | 1 << 16 | (n as u64 * 13 + 0x41)));
    let cookie = uart.cookie;
    for len in 0..=FIFO_DEPTH {
        let data = &data[..len];
        let ours = uart.state_after(LINE_8_BITS, LOOP, || io.try_write_rep(DATA, data));
        let in_c = uart.state_after(LINE_8_BITS, LOOP, || {
            cookie.write_rep(data);
            Ok(())
        });
        check_eq!((width, len, ours), (width, len, in_c));
        check_eq!(received(&ours.1), len);

        let mut values = [[T::pattern(99); FIFO_DEPTH + 2]; 2];
        let [ours, in_c] = &mut values;
        let ours = uart.state_after(LINE_8_BITS, LOOP, || {
            cookie.write_rep(data);
            io.try_read_rep(DATA, &mut ours[1..1 + len])
        });
        let in_c = uart.state_after(LINE_8_BITS, LOOP, || {
            cookie.write_rep(data);
            cookie.read_rep(&mut in_c[1..1 + len]);
            Ok(())
        });
        check_eq!((width, len, ours), (width, len, in_c));
        check!(values[0] == values[1]);
        check_eq!(received(&ours.1), 0);
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
        let ours = uart.ports()?;
        check_eq!((ours.first(), ours.count()), (uart.first, COUNT));
        compare_values(&uart, &ours, 0, COUNT, &common_accessors!(&Ports))?;
        let region = IoRegion::Ports(uart.ports()?);
        check_eq!((region.size(), region.memory().is_none()), (COUNT, true));
        check_eq!(region.ports().map(Ports::first), Some(uart.first));
        compare_values(&uart, &region, 0, COUNT, &common_accessors!(&IoRegion))
    }

    #[test]
    fn s38_every_accessor_as_in_c_at_any_first_port_and_count() -> Outcome {
        let uart = require!(Uart::new());
        for (start, count) in [(0, 7), (1, 7), (2, 5), (3, 2), (4, 4), (7, 1)] {
            // SAFETY: They are some of the ports that we have requested.
            let ours = check_ok!(unsafe { Ports::new(uart.first + start, count) });
            let all = ours.byte_region();
            compare_values(
                &uart,
                all,
                start,
                count,
                &common_accessors!(PortView<'_, ByteRegion>),
            )?;
            let within = if start % 4 == 0 { count & !3 } else { 0 };
            compare_values(&uart, &ours, start, within, &common_accessors!(&Ports))?;
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
        let ours = &uart.ports()?;
        let (line, byte) = (LINE_8_BITS, 0x41);
        // The low half has the data register, the high half the one that turns on the loop, and the
        // one that tells whether data has come.
        let value = LOOP << 32 | line << 24 | 1 << 16 | byte;
        let written = |write: &dyn Fn() -> Result| uart.state_after(line, 0, write).1[FIFO_BEGIN];
        check_eq!(written(&|| ours.try_write64_lo_hi(value, 0)), 0);
        check_eq!(written(&|| ours.try_write64_hi_lo(value, 0)), 0x100 | byte);
        let read = |read: &dyn Fn() -> Result<u64>| {
            let received = || {
                uart.set(DATA, byte);
                read().map(|value| (value & 0xff, value >> 40 & RECEIVED))
            };
            uart.state_after(line, LOOP, received).0
        };
        check_eq!(read(&|| ours.try_read64_lo_hi(0)), Ok((byte, 0)));
        check_eq!(read(&|| ours.try_read64_hi_lo(0)), Ok((byte, 1)));
        // In big endian the data register is in the high half.
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
        let ours = uart.ports()?;
        compare_repeated::<u8, _>(&uart, &ours)?;
        compare_repeated::<u16, _>(&uart, &ours)?;
        compare_repeated::<u32, _>(&uart, &ours)?;
        let region = IoRegion::Ports(uart.ports()?);
        compare_repeated::<u8, _>(&uart, &region)?;
        compare_repeated::<u16, _>(&uart, &region)?;
        compare_repeated::<u32, _>(&uart, &region)
    }

    #[test]
    fn s35_repeated_accesses_outside_are_einval() -> Outcome {
        let uart = require!(Uart::new());
        let ours = &uart.ports()?;
        let unchanged = uart.state_after(LINE_8_BITS, LOOP, || ()).1;
        for offset in [8, 9, 0xffff, usize::MAX - uart.first, usize::MAX] {
            let repeated = || {
                check_err!(ours.try_write_rep(offset, &[0x41_u8]), EINVAL);
                check_err!(ours.try_read_rep(offset, &mut [0_u8]), EINVAL);
                check_err!(ours.try_write_rep::<u8>(offset, &[]), EINVAL);
                check_err!(ours.try_write_rep(offset - 1, &[0x41_u16; 3]), EINVAL);
                check_err!(ours.try_write_rep(offset - 3, &[0x41_u32; 3]), EINVAL);
                check_err!(ours.try_read_rep(1, &mut [0_u16]), EINVAL);
                check_err!(ours.try_read_rep(2, &mut [0_u32]), EINVAL);
                Ok(())
            };
            let (result, state) = uart.state_after(LINE_8_BITS, LOOP, repeated);
            result?;
            check_eq!(state, unchanged);
        }
        Ok(())
    }

    #[test]
    fn s32_typed_registers() -> Outcome {
        let uart = require!(Uart::new());
        let (ours, region) = (&uart.ports()?, &IoRegion::Ports(uart.ports()?));
        uart.reset(DIVISOR_LATCH, 0);
        check_eq!(
            ours.try_read(HALVES).map(|halves| halves.high().get()),
            Ok(5)
        );
        check_ok!(region.try_update(HALVES, |halves| halves.with_const_low::<3>()));
        check_eq!(uart.get(SCRATCH), 0x53);
        let (sized, sized_region) = (check_ok!(ours.sized::<8>()), check_ok!(region.sized::<8>()));
        check_eq!(
            (
                sized.read(DIVISOR).high().get(),
                sized.read(DIVISOR).low().get()
            ),
            (0x34, 0x12)
        );
        sized_region.update(DIVISOR, |divisor| divisor.with_const_high::<0x56>());
        check_eq!((uart.get(DATA), uart.get(INTERRUPTS)), (0x12, 0x56));
        sized
            .be()
            .update(DIVISOR, |divisor| divisor.with_const_high::<0x78>());
        check_eq!((uart.get(DATA), uart.get(INTERRUPTS)), (0x78, 0x56));
        check_eq!(sized_region.be().read(DIVISOR).low().get(), 0x56);
        sized_region.write_rep(SCRATCH, &[1_u8, 2, 3]);
        check_eq!((uart.get(SCRATCH), sized.read8(7)), (3, 3));
        check_err!(ours.sized::<12>(), EINVAL);
        check_err!(region.sized::<9>(), EINVAL);
        // SAFETY: They are some of the ports that we have requested.
        let odd = check_ok!(unsafe { Ports::new(uart.first + 1, 7) });
        check_err!(odd.sized::<4>(), EINVAL);
        check_ok!(odd.sized::<0>());
        Ok(())
    }
}
