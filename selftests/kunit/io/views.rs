// SPDX-License-Identifier: GPL-2.0

//! Access through views of a mapping: every width, every edge.

use crate::{
    c,
    support::{
        compare::{ours, Theirs},
        outcome::*,
        ranges::*,
    },
};
use io_mapping_rs::{CacheMode, Mapping};
use kernel::{
    io::{register, Io},
    prelude::*,
};

const UC: CacheMode = CacheMode::UncachedMinus;

register! {
    /// A register of the range, which is memory in truth.
    TEST(u32) @ 0x10 {
        31:16 high;
        7:0 low;
    }
}

/// Our mapping of `size` bytes and C's, which sees what ours writes.
fn both(size: u64) -> Verdict<Option<(Mapping, Theirs)>> {
    let Ok(range) = Range::reserved() else {
        return Ok(None);
    };
    let theirs = Theirs::map(UC, range.phys, size);
    check!(theirs.is_some());
    let ours = ok!(ours(UC, range.phys, size));
    Ok(theirs.map(|theirs| (ours, theirs)))
}

/// [`both`], for [`need!`].
fn pair(size: u64) -> Verdict<core::result::Result<(Mapping, Theirs), &'static core::ffi::CStr>> {
    Ok(both(size)?.ok_or(c"no range set aside: phys= and size="))
}

#[kunit_tests(iomrs_views)]
mod tests {
    use super::*;

    #[test]
    fn every_width_little_endian() -> Verdict {
        let (ours, theirs) = need!(pair(PAGE)?);
        let ours = &ours;
        ok!(ours.try_write64(0x0807_0605_0403_0201, 0));
        same!(
            (theirs.read32(0), theirs.read32(4)),
            (0x0403_0201, 0x0807_0605)
        );
        for at in 0..8 {
            same!(ours.try_read8(at), Ok(at as u8 + 1));
        }
        same!(ours.try_read16(2), Ok(0x0403));
        same!(ours.try_read32(4), Ok(0x0807_0605));
        ok!(ours.try_write8(0xa0, 0));
        ok!(ours.try_write16(0xb1b0, 2));
        ok!(ours.try_write32(0xc3c2_c1c0, 4));
        same!(ours.try_read64(0), Ok(0xc3c2_c1c0_b1b0_02a0));
        theirs.write32(8, 0x1234_5678);
        same!(ours.try_read32(8), Ok(0x1234_5678));
        Ok(())
    }

    #[test]
    fn outside_is_einval() -> Verdict {
        let (ours, _) = need!(pair(PAGE)?);
        let ours = &ours;
        for at in [4096, 4097, 1 << 32, usize::MAX, usize::MAX - 7] {
            refused!(ours.try_read8(at), EINVAL);
            refused!(ours.try_write8(0, at), EINVAL);
            refused!(ours.try_read64(at), EINVAL);
            refused!(ours.try_write64(0, at), EINVAL);
        }
        refused!(ours.try_read16(4095), EINVAL);
        refused!(ours.try_read32(4093), EINVAL);
        refused!(ours.try_write32(0, 4094), EINVAL);
        refused!(ours.try_read64(4089), EINVAL);
        refused!(ours.try_write64(0, 4092), EINVAL);
        ok!(ours.try_read8(4095));
        ok!(ours.try_read16(4094));
        ok!(ours.try_read32(4092));
        ok!(ours.try_read64(4088));
        Ok(())
    }

    #[test]
    fn misaligned_is_einval() -> Verdict {
        let (ours, _) = need!(pair(PAGE)?);
        let ours = &ours;
        for at in [1, 3, 5, 7] {
            refused!(ours.try_read16(at), EINVAL);
            refused!(ours.try_write32(0, at), EINVAL);
            refused!(ours.try_read64(at), EINVAL);
        }
        refused!(ours.try_read32(2), EINVAL);
        refused!(ours.try_read64(4), EINVAL);
        Ok(())
    }

    #[test]
    fn compile_time_offsets() -> Verdict {
        let (ours, theirs) = need!(pair(PAGE)?);
        let view = ok!(ours.sized::<4096>());
        view.write32(0xdead_beef, 0xffc);
        same!(theirs.read32(0xffc), 0xdead_beef);
        same!(
            (view.read8(0xfff), view.read16(0xffc), view.read32(0xffc)),
            (0xde, 0xbeef, 0xdead_beef)
        );
        view.write8(1, 0xffc);
        view.write16(2, 0xffe);
        same!(view.read32(0xffc), 0x0002_be01);
        refused!(ours.sized::<4097>(), EINVAL);
        refused!(ours.sized::<8192>(), EINVAL);
        ok!(ours.sized::<0>());
        Ok(())
    }

    #[test]
    fn registers() -> Verdict {
        let (ours, theirs) = need!(pair(PAGE)?);
        let view = ok!(ours.sized::<4096>());
        theirs.write32(0x10, 0xabcd_0042);
        let read = view.read(TEST);
        same!((read.high().get(), read.low().get()), (0xabcd, 0x42));
        view.write_reg(
            TEST::zeroed()
                .with_const_high::<0x1234>()
                .with_const_low::<0x56>(),
        );
        same!(theirs.read32(0x10), 0x1234_0056);
        view.update(TEST, |r| r.with_const_low::<0x78>());
        same!(theirs.read32(0x10), 0x1234_0078);
        same!((&ours).try_read(TEST).map(|r| r.low().get()), Ok(0x78));
        Ok(())
    }

    #[test]
    fn slices() -> Verdict {
        let (ours, theirs) = need!(pair(4099)?);
        let mut bytes = ok!(KVVec::from_elem(0u8, 4099, GFP_KERNEL));
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = (at % 251) as u8;
        }
        same!(ours.bytes().len(), 4099);
        ours.bytes().copy_from_slice(&bytes);
        same!(theirs.read32(4), 0x0706_0504);
        let mut back = ok!(KVVec::from_elem(0u8, 4099, GFP_KERNEL));
        ours.bytes().copy_to_slice(&mut back);
        check!(back[..] == bytes[..]);
        Ok(())
    }

    #[test]
    fn odd_sizes_end_in_bytes() -> Verdict {
        let range = need!(Range::reserved());
        for size in [1, 2, 3, 4, 5, 7, 4095, 4096, 4097, 4099] {
            let ours = ok!(ours(UC, range.phys, size));
            let region = size as usize & !3;
            same!(ours.size() as u64, size);
            same!(
                (Io::size(&ours), ours.bytes().len()),
                (region, size as usize)
            );
            refused!((&ours).try_read8(region), EINVAL);
            if region != 0 {
                ok!((&ours).try_read8(region - 1));
            }
        }
        Ok(())
    }

    #[test]
    fn odd_starts_are_bytes() -> Verdict {
        let range = need!(Range::reserved());
        for offset in [1, 2, 3, 5, 4095] {
            let ours = ok!(ours(UC, range.phys + offset, 64));
            same!((Io::size(&ours), ours.bytes().len()), (0, 64));
            refused!((&ours).try_read8(0), EINVAL);
            refused!(ours.sized::<4>(), EINVAL);
            ours.bytes().copy_from_slice(&[0x5a; 64]);
            let mut back = [0; 64];
            ours.bytes().copy_to_slice(&mut back);
            same!(back, [0x5a; 64]);
        }
        // A multiple of 4 in its page is as good as 0.
        same!(Io::size(&ok!(ours(UC, range.phys + 4, 64))), 64);
        Ok(())
    }

    #[test]
    fn pieces_of_an_aperture() -> Verdict {
        let range = need!(Range::reserved());
        let size = 2 * PAGE + 6;
        let aperture = ok!(aperture_with(UC, range.phys, size));
        let Some(theirs) = Theirs::map(UC, range.phys, size) else {
            fail!("C maps nothing")
        };
        let page = ok!(aperture.map_local(PAGE));
        ok!(page.try_write32(0x1111_1111, 0));
        same!(theirs.read32(4096), 0x1111_1111);
        refused!(page.try_write32(0, 4096), EINVAL);
        let two = ok!(aperture.map(PAGE, PAGE + 6));
        same!((&two).try_read32(0), Ok(0x1111_1111));
        ok!((&two).try_write32(0x2222_2222, 4096));
        same!(theirs.read32(8192), 0x2222_2222);
        refused!((&two).try_read32(4100), EINVAL);
        same!(two.bytes().len(), 4102);
        let last = ok!(aperture.map_local(2 * PAGE));
        same!(
            (last.size(), Io::size(&last), last.bytes().len()),
            (6, 4, 6)
        );
        same!((&last).try_read32(0), Ok(0x2222_2222));
        let read = aperture
            .map_atomic(2 * PAGE)
            .and_then(|map| (&*map).try_read32(0));
        same!(read, Ok(0x2222_2222));
        if let Ok(sized) = aperture.sized::<8192>() {
            let page = sized.map_local::<4096>();
            ok!(page.sized::<4096>()).write32(0x3333_3333, 8);
            same!(theirs.read32(4096 + 8), 0x3333_3333);
        }
        same!(aperture.sized::<8192>().is_ok(), aperture.whole().is_some());
        Ok(())
    }

    #[test]
    fn whole_aperture_step_by_step() -> Verdict {
        let bar = need!(Range::bar2());
        let size = bar.size.min(if cfg!(iomrs_exported) {
            bar.size
        } else {
            8 * PAGE_2M
        });
        let aperture = ok!(aperture(bar.phys, size));
        // SAFETY: The BAR is ours, freed below.
        let theirs = unsafe { c::iomrs_c_create_wc(bar.phys, size as usize) };
        check!(!theirs.is_null());
        let mut wrong = None;
        // A step that is no multiple of any page but the smallest.
        for offset in (0..size).step_by((size as usize / 64 + 4096) & !4095) {
            let Ok(page) = aperture.map_local(offset) else {
                wrong = Some(offset);
                continue;
            };
            // SAFETY: The offset is in the aperture.
            let seen = unsafe {
                let addr = c::iomrs_c_map_local_wc(theirs, offset as usize);
                let value = offset as u32 ^ 0x1357_9bdf;
                let written = page.try_write32(value, 4092);
                let first = c::iomrs_c_read32(addr + 4092) == value;
                c::iomrs_c_write32(addr, !value);
                let second = page.try_read32(0) == Ok(!value);
                c::iomrs_c_unmap_local(addr);
                written.is_ok() && first && second
            };
            if !seen {
                wrong = Some(offset);
            }
        }
        // SAFETY: Made above, and no map of it is left.
        unsafe { c::iomrs_c_free(theirs) };
        same!(wrong, None);
        Ok(())
    }
}
