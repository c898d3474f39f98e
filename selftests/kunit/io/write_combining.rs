// SPDX-License-Identifier: GPL-2.0

//! Write-combining memory: stores, copies, and the flush that a doorbell takes as proof.

use crate::{
    c,
    support::{
        devices::ivshmem_bar,
        outcome::*,
        ranges::{TestRange, PAGE},
        test_memory::TestMemory,
    },
};
use io_mapping_rs::{
    io::{IoExt, Shared, Wc},
    ioremap::{ioremap_wc, WcMapping},
    CacheMode, Mapping,
};
use kernel::prelude::*;

/// Bytes of the memory. One more than the sized view of it has.
const SIZE: usize = 0x41;

/// Checks that what is copied to the memory is copied back, at any offset and of any length.
fn check_copies(wc: &Wc<'_, 0, Shared>) -> Outcome {
    let data: [u8; 48] = core::array::from_fn(|n| (n * 91 + 5) as u8);
    check_ok!(wc.try_fill(0, SIZE, 0));
    for (offset, len) in (0..=16).flat_map(|offset| (0..=48).map(move |len| (offset, len))) {
        check_ok!(wc.try_copy_from_slice(offset, &data[..len]));
        let mut back = [0xee; 48];
        check_ok!(wc.try_copy_to_slice(offset, &mut back[..len]));
        check_eq!(back[..len], data[..len]);
    }
    Ok(())
}

/// Stores values of every width, and loads them.
fn check_values(wc: &Wc<'_, 0, Shared>) -> Outcome {
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
    Ok(())
}

/// Rings doorbells among `registers` after stores to the memory.
fn check_doorbells(memory: &WcMapping, registers: &Mapping) -> Outcome {
    let doorbell = check_ok!(registers.try_doorbell::<u32>(4));
    check_ok!(registers.try_write64(0, 0));
    doorbell.ring(0x0d00_4be1, memory.wc().flush());
    check_eq!(registers.try_read64(0), Ok(0x0d00_4be1 << 32));
    let mut sized = check_ok!(memory.sized_wc::<0x40>());
    sized.write64(1, 0);
    sized.write8(2, 0x3f);
    check_eq!((sized.read64(0), sized.read8(0x3f)), (1, 2));
    check_ok!(registers.be().try_doorbell::<u16>(0)).ring(0x1234, sized.flush());
    check_eq!(registers.try_read16(0), Ok(0x3412));
    Ok(())
}

#[kunit_tests(iomrs_io_write_combining)]
mod tests {
    use super::*;

    #[test]
    fn s38_write_combining_stores_copies_and_doorbell() -> Outcome {
        let bar = require!(ivshmem_bar(2));
        let registers = TestMemory::new(bar)?.map(64, 8)?;
        let next_page = TestRange {
            phys: bar.phys + PAGE,
            ..bar
        };
        TestMemory::new(next_page)?.reset();
        // SAFETY: Nobody but the tests uses BAR 2 of ivshmem.
        let memory = check_ok!(unsafe { ioremap_wc(next_page.phys, SIZE as u64) });
        let achieved = memory.achieved();
        check!(achieved == CacheMode::WriteCombining || !c::iomrs_c_pat_enabled());
        check_copies(&memory.wc())?;
        check_values(&memory.wc())?;
        check_doorbells(&memory, &registers)?;
        drop(memory);
        let bytes = TestMemory::new(next_page)?.bytes();
        check_eq!(
            bytes[8..16],
            [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]
        );
        check_eq!(bytes[16..22], [0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee]);
        check_eq!((bytes[0], bytes[0x3f], bytes[0x40]), (1, 2, 0xff));
        TestMemory::check_unchanged_outside(&bytes, 0, SIZE)
    }
}
