// SPDX-License-Identifier: GPL-2.0

//! Which ranges of ports there can be, beside C's `ioport_map()`.

use crate::{
    c,
    support::{accessors::*, outcome::*},
};
use io_mapping_rs::{io::IoExt, IoRegion, Ports};
use kernel::prelude::*;

#[kunit_tests(iomrs_io_port_ranges)]
mod tests {
    use super::*;

    #[test]
    fn s33_range_past_the_last_port_is_einval() -> Outcome {
        // SAFETY: None of the ports is accessed.
        let ours = |first, count| unsafe { Ports::new(first, count) };
        for (first, count) in [(0, 1), (0, 0x10000), (0xffff, 1), (0xfffe, 2), (1, 0xffff)] {
            let ports = check_ok!(ours(first, count));
            check_eq!((ports.first(), ports.count()), (first, count));
            check!(c::iomrs_c_ioport_map(first, count as u32) != 0);
        }
        for (first, count) in [(0xffff, 2), (0xfffe, 3), (1, 0x10000), (0, 0x10001)] {
            check_err!(ours(first, count), EINVAL);
            // C returns a cookie.
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
        // No access can go past the last port either.
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
        // C returns a cookie for it, takes that for a bad one, warns and reads all ones.
        // INVARIANT: C accesses no port by this cookie.
        let cookie = Cookie(c::iomrs_c_ioport_map(0, 4));
        check!(cookie.0 != 0);
        let suppression = c::iomrs_c_suppress_warnings();
        let in_c = cookie.read(Access::Plain8);
        // SAFETY: The suppression began above.
        let warnings = unsafe { c::iomrs_c_end_suppress_warnings(suppression) };
        check_eq!(in_c, 0xff);
        if !suppression.is_null() {
            check_eq!(warnings, 1);
        }
        // The address register of a DMA channel: its two bytes in turn.
        // SAFETY: Nobody uses the channel, and it is as it was after two reads.
        let port = || unsafe { (c::iomrs_c_inb(0), c::iomrs_c_inb(0)) };
        // SAFETY: As for `port`.
        let ours = check_ok!(unsafe { Ports::new(0, 4) });
        let log = c::iomrs_c_log_position();
        let read = (
            check_ok!(ours.try_read8(0)),
            check_ok!(ours.byte_region().try_read8(0)),
        );
        let region = IoRegion::Ports(ours);
        let in_region = (
            check_ok!(region.try_read8(0)),
            check_ok!(region.byte_region().try_read8(0)),
        );
        check_eq!((read, in_region), (port(), port()));
        check_eq!(c::iomrs_c_count_complaints(log), 0);
        if port() == (0xff, 0xff) {
            return skip(c"nothing answers at port 0");
        }
        Ok(())
    }
}
