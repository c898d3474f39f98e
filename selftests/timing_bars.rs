// SPDX-License-Identifier: GPL-2.0

//! What a BAR of registers costs, as a driver gets it: requested, mapped, unmapped, released. See
//! `timing.rs` for what counts.

use crate::{c, loops, range::*, their_bars::NAME, timing::*, verdict::*};
use io_mapping_rs::pci::Bar;
use kernel::prelude::*;

/// The registers of ivshmem, less than a page.
const BAR: u32 = 0;

fn c_bar(device: &Device) -> Option<loops::Pair> {
    let mut unmap = 0;
    // SAFETY: The device is ours, and `unmap` is valid for a write.
    let map = unsafe { c::iomrs_c_time_bar(device.as_ptr(), BAR, &mut unmap) };
    (map != 0).then_some((map, unmap))
}

fn rust_bar(device: &Device) -> Option<loops::Pair> {
    let start = loops::ticks();
    let bar = Bar::iomap(device.bound(), BAR, 0, NAME);
    let mapped = loops::ticks();
    // Dropped where it is: C has a pointer to it only.
    let made = bar.is_ok();
    drop(bar);
    let unmapped = loops::ticks();
    made.then_some((mapped - start, unmapped - mapped))
}

#[kunit_tests(iomrs_timing_bars)]
mod tests {
    use super::*;

    #[test]
    fn bar_of_registers() -> Verdict {
        let device = need!(Device::ivshmem());
        let judged = is_judged();
        let size = need!(Range::bar0()).size;
        let least = in_turns(64, || c_bar(&device), || rust_bar(&device))?;
        let c = net(least.c, c::iomrs_c_time_nothing());
        let rust = net(least.rust, loops::nothing());
        let rows = [
            ("request+iomap", c.0, rust.0),
            ("iounmap+release", c.1, rust.1),
        ];
        for (what, c, rust) in rows {
            print(what, size, Thousandths(c * 1000), Thousandths(rust * 1000));
        }
        if judged {
            check!(rust.0 + rust.1 <= c.0 + c.1);
        }
        Ok(())
    }
}
