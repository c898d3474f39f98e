// SPDX-License-Identifier: GPL-2.0

//! Access to memory through views of a mapping: every width, every edge.

use crate::support::{accessors::*, devices::ivshmem_bar, mappings::*, outcome::*, ranges::*};
use io_mapping_rs::{ioremap::Options, CacheMode, Mapping};
use kernel::{
    io::{register, Io},
    prelude::*,
};

const UC: CacheMode = CacheMode::UncachedMinus;

register! {
    /// A register, which in truth is memory.
    TEST(u32) @ 0x10 {
        31:16 high;
        7:0 low;
    }
}

/// Maps the first `size` bytes of a range by the library and by C. What one writes the other reads.
fn map_twice(range: TestRange, size: u64) -> Outcome<(Mapping, CMapping)> {
    let in_c = CMapping::new(UC, range.phys, size)?;
    Ok((check_ok!(map(UC, range.phys, size)), in_c))
}

#[kunit_tests(iomrs_views)]
mod tests {
    use super::*;

    #[test]
    fn every_width_little_endian() -> Outcome {
        let (ours, in_c) = map_twice(require!(TestRange::reserved()), PAGE)?;
        let ours = &ours;
        check_ok!(ours.try_write64(0x0807_0605_0403_0201, 0));
        check_eq!((in_c.read32(0), in_c.read32(4)), (0x0403_0201, 0x0807_0605));
        for at in 0..8 {
            check_eq!(ours.try_read8(at), Ok(at as u8 + 1));
        }
        check_eq!(ours.try_read16(2), Ok(0x0403));
        check_eq!(ours.try_read32(4), Ok(0x0807_0605));
        check_ok!(ours.try_write8(0xa0, 0));
        check_ok!(ours.try_write16(0xb1b0, 2));
        check_ok!(ours.try_write32(0xc3c2_c1c0, 4));
        check_eq!(ours.try_read64(0), Ok(0xc3c2_c1c0_b1b0_02a0));
        in_c.write32(8, 0x1234_5678);
        check_eq!(ours.try_read32(8), Ok(0x1234_5678));
        Ok(())
    }

    #[test]
    fn outside_is_einval() -> Outcome {
        let (ours, _) = map_twice(require!(TestRange::reserved()), PAGE)?;
        let ours = &ours;
        for at in [4096, 4097, 1 << 32, usize::MAX, usize::MAX - 7] {
            check_err!(ours.try_read8(at), EINVAL);
            check_err!(ours.try_write8(0, at), EINVAL);
            check_err!(ours.try_read64(at), EINVAL);
            check_err!(ours.try_write64(0, at), EINVAL);
        }
        check_err!(ours.try_read16(4095), EINVAL);
        check_err!(ours.try_read32(4093), EINVAL);
        check_err!(ours.try_write32(0, 4094), EINVAL);
        check_err!(ours.try_read64(4089), EINVAL);
        check_err!(ours.try_write64(0, 4092), EINVAL);
        check_ok!(ours.try_read8(4095));
        check_ok!(ours.try_read16(4094));
        check_ok!(ours.try_read32(4092));
        check_ok!(ours.try_read64(4088));
        Ok(())
    }

    #[test]
    fn misaligned_is_einval() -> Outcome {
        let (ours, _) = map_twice(require!(TestRange::reserved()), PAGE)?;
        let ours = &ours;
        for at in [1, 3, 5, 7] {
            check_err!(ours.try_read16(at), EINVAL);
            check_err!(ours.try_write32(0, at), EINVAL);
            check_err!(ours.try_read64(at), EINVAL);
        }
        check_err!(ours.try_read32(2), EINVAL);
        check_err!(ours.try_read64(4), EINVAL);
        Ok(())
    }

    #[test]
    fn compile_time_offsets() -> Outcome {
        let (ours, in_c) = map_twice(require!(TestRange::reserved()), PAGE)?;
        let view = check_ok!(ours.sized::<4096>());
        view.write32(0xdead_beef, 0xffc);
        check_eq!(in_c.read32(0xffc), 0xdead_beef);
        check_eq!(
            (view.read8(0xfff), view.read16(0xffc), view.read32(0xffc)),
            (0xde, 0xbeef, 0xdead_beef)
        );
        view.write8(1, 0xffc);
        view.write16(2, 0xffe);
        check_eq!(view.read32(0xffc), 0x0002_be01);
        check_err!(ours.sized::<4097>(), EINVAL);
        check_err!(ours.sized::<8192>(), EINVAL);
        check_ok!(ours.sized::<0>());
        Ok(())
    }

    #[test]
    fn registers() -> Outcome {
        let (ours, in_c) = map_twice(require!(TestRange::reserved()), PAGE)?;
        let view = check_ok!(ours.sized::<4096>());
        in_c.write32(0x10, 0xabcd_0042);
        let read = view.read(TEST);
        check_eq!((read.high().get(), read.low().get()), (0xabcd, 0x42));
        view.write_reg(
            TEST::zeroed()
                .with_const_high::<0x1234>()
                .with_const_low::<0x56>(),
        );
        check_eq!(in_c.read32(0x10), 0x1234_0056);
        view.update(TEST, |r| r.with_const_low::<0x78>());
        check_eq!(in_c.read32(0x10), 0x1234_0078);
        check_eq!(ours.try_read(TEST).map(|r| r.low().get()), Ok(0x78));
        Ok(())
    }

    #[test]
    fn slices() -> Outcome {
        let (ours, in_c) = map_twice(require!(TestRange::reserved()), 4099)?;
        let mut bytes = check_ok!(KVVec::from_elem(0u8, 4099, GFP_KERNEL));
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = (at % 251) as u8;
        }
        check_eq!(ours.bytes().len(), 4099);
        ours.bytes().copy_from_slice(&bytes);
        check_eq!(in_c.read32(4), 0x0706_0504);
        let mut back = check_ok!(KVVec::from_elem(0u8, 4099, GFP_KERNEL));
        ours.bytes().copy_to_slice(&mut back);
        check!(back[..] == bytes[..]);
        Ok(())
    }

    #[test]
    fn odd_sizes_end_in_bytes() -> Outcome {
        let range = require!(TestRange::reserved());
        for size in [1, 2, 3, 4, 5, 7, 4095, 4096, 4097, 4099] {
            let ours = check_ok!(map(UC, range.phys, size));
            let region = size as usize & !3;
            check_eq!(ours.size() as u64, size);
            check_eq!(
                (Io::size(&ours), ours.bytes().len()),
                (region, size as usize)
            );
            check_err!(ours.try_read8(region), EINVAL);
            if region != 0 {
                check_ok!(ours.try_read8(region - 1));
            }
        }
        Ok(())
    }

    #[test]
    fn odd_starts_are_bytes() -> Outcome {
        let range = require!(TestRange::reserved());
        for offset in [1, 2, 3, 5, 4095] {
            let ours = check_ok!(map(UC, range.phys + offset, 64));
            check_eq!((Io::size(&ours), ours.bytes().len()), (0, 64));
            check_err!(ours.try_read8(0), EINVAL);
            check_err!(ours.sized::<4>(), EINVAL);
            ours.bytes().copy_from_slice(&[0x5a; 64]);
            let mut back = [0; 64];
            ours.bytes().copy_to_slice(&mut back);
            check_eq!(back, [0x5a; 64]);
        }
        // At a multiple of 4 in its page a mapping has all of its bytes in the region.
        check_eq!(Io::size(&check_ok!(map(UC, range.phys + 4, 64))), 64);
        Ok(())
    }

    #[test]
    fn maps_of_an_aperture() -> Outcome {
        let range = require!(TestRange::reserved());
        let size = 2 * PAGE + 6;
        let aperture = check_ok!(aperture_with(
            Options::new(UC),
            range.phys,
            size,
            strategy()
        ));
        let in_c = CMapping::new(UC, range.phys, size)?;
        let page = check_ok!(aperture.map_local(PAGE));
        check_ok!(page.try_write32(0x1111_1111, 0));
        check_eq!(in_c.read32(4096), 0x1111_1111);
        check_err!(page.try_write32(0, 4096), EINVAL);
        let two = check_ok!(aperture.map(PAGE, PAGE + 6));
        check_eq!(two.try_read32(0), Ok(0x1111_1111));
        check_ok!(two.try_write32(0x2222_2222, 4096));
        check_eq!(in_c.read32(8192), 0x2222_2222);
        check_err!(two.try_read32(4100), EINVAL);
        check_eq!(two.bytes().len(), 4102);
        let last = check_ok!(aperture.map_local(2 * PAGE));
        check_eq!(
            (last.size(), Io::size(&last), last.bytes().len()),
            (6, 4, 6)
        );
        check_eq!(last.try_read32(0), Ok(0x2222_2222));
        let read = aperture.map_atomic(2 * PAGE, |map| map.try_read32(0));
        check_eq!(read, Ok(Ok(0x2222_2222)));
        if let Ok(sized) = aperture.sized::<8192>() {
            let page = sized.map_local::<4096>();
            check_ok!(page.sized::<4096>()).write32(0x3333_3333, 8);
            check_eq!(in_c.read32(4096 + 8), 0x3333_3333);
        }
        check_eq!(aperture.sized::<8192>().is_ok(), aperture.whole().is_some());
        Ok(())
    }

    #[test]
    fn steps_through_a_whole_aperture() -> Outcome {
        let bar = require!(ivshmem_bar(2));
        let size = bar.size.min(if cfg!(iomrs_exported) {
            bar.size
        } else {
            8 * PAGE_2M
        });
        let aperture = check_ok!(aperture(bar.phys, size));
        let in_c = CAperture::new(bar.phys, size)?;
        // A step that is no multiple of any page but the smallest.
        for offset in (0..size).step_by((size as usize / 64 + 4096) & !4095) {
            let page = check_ok!(aperture.map_local(offset));
            // INVARIANT: C has mapped the page, which only the tests use.
            let cookie = Cookie(in_c.page(offset));
            let value = offset as u32 ^ 0x1357_9bdf;
            check_ok!(page.try_write32(value, 4092));
            check_eq!(cookie.offset(4092).read(Access::Plain32), value.into());
            cookie.write(Access::Plain32, (!value).into());
            check_eq!(page.try_read32(0), Ok(!value));
        }
        Ok(())
    }
}
