// SPDX-License-Identifier: GPL-2.0

//! Apertures by either strategy: which offsets there are, and what is freed.

use crate::{
    c,
    support::{
        compare::compare_entries, contexts::side_effects, mappings::*, outcome::*,
        proc_files::KernelState, ranges::*, translation::*,
    },
};
use io_mapping_rs::{io_mapping::LocalMap, ioremap::Options, CacheMode};
use kernel::prelude::*;

#[kunit_tests(iomrs_aperture)]
mod tests {
    use super::*;

    #[test]
    fn s1_offset_or_end_outside_is_einval() -> Outcome {
        let range = require!(TestRange::reserved());
        let size = 4 * PAGE;
        let aperture = check_ok!(aperture(range.phys, size));
        for offset in [size, size + PAGE, 1 << 32, 1 << 63, u64::MAX - 4095] {
            check_err!(aperture.map_local(offset), EINVAL);
            check_err!(aperture.map_atomic(offset, |_| ()), EINVAL);
            check_err!(aperture.map(offset, 1), EINVAL);
        }
        for (offset, len) in [
            (0, size + 1),
            (PAGE, size),
            (3 * PAGE, PAGE + 1),
            (PAGE, u64::MAX),
            (PAGE, u64::MAX - PAGE + 1),
            (0, u64::MAX),
            (u64::MAX - 4095, 4096),
            (0, 0),
            (PAGE, 0),
        ] {
            check_err!(aperture.map(offset, len), EINVAL);
        }
        check_err!(aperture.sized::<{ 4 * 4096 + 1 }>(), EINVAL);
        Ok(())
    }

    #[test]
    fn s1_refusals_have_no_side_effects() -> Outcome {
        let range = require!(TestRange::reserved());
        let aperture = check_ok!(aperture(range.phys, PAGE));
        let before = side_effects();
        for offset in [1, PAGE, u64::MAX] {
            check_err!(aperture.map_atomic(offset, |_| ()), EINVAL);
            check_eq!(side_effects(), before);
        }
        Ok(())
    }

    #[test]
    fn s1_every_offset_inside_is_mapped() -> Outcome {
        let range = require!(TestRange::reserved());
        let size = 3 * PAGE + 100;
        let aperture = check_ok!(aperture(range.phys, size));
        for offset in [0, PAGE, 2 * PAGE, 3 * PAGE] {
            let expected = (Some(range.phys + offset), PAGE.min(size - offset));
            let local = check_ok!(aperture.map_local(offset));
            check_eq!((phys_at(local.addr()), local.size() as u64), expected);
            drop(local);
            let atomic = |map: &LocalMap<'_>| (phys_at(map.addr()), map.size() as u64);
            check_eq!(aperture.map_atomic(offset, atomic), Ok(expected));
            for len in [1, size - offset] {
                let map = check_ok!(aperture.map(offset, len));
                let end = map.addr() + map.size() - 1;
                check_eq!(map.size() as u64, len);
                check_eq!(phys_at(map.addr()), Some(range.phys + offset));
                check_eq!(phys_at(end), Some(range.phys + offset + len - 1));
            }
        }
        Ok(())
    }

    #[test]
    fn s1_every_page_of_any_number_of_pages() -> Outcome {
        let range = require!(TestRange::reserved());
        for pages in [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33] {
            for size in [pages * PAGE - 4095, pages * PAGE - 1, pages * PAGE] {
                let aperture = check_ok!(aperture(range.phys, size));
                for page in 0..64 {
                    let map = aperture.map_local(page * PAGE);
                    let phys = map.map(|map| phys_at(map.addr()));
                    if page < pages {
                        check_eq!(phys, Ok(Some(range.phys + page * PAGE)));
                    } else {
                        check_err!(phys, EINVAL);
                    }
                    check_err!(aperture.map_local(page * PAGE + 1), EINVAL);
                    check_err!(aperture.map_local(page * PAGE + 2048), EINVAL);
                }
            }
        }
        Ok(())
    }

    #[test]
    fn s2_offset_inside_a_page_is_einval() -> Outcome {
        let range = require!(TestRange::reserved());
        let aperture = check_ok!(aperture(range.phys, 4 * PAGE));
        for offset in [1, 8, 2048, 4095, 4097, 3 * PAGE + 1] {
            check_err!(aperture.map_local(offset), EINVAL);
            check_err!(aperture.map_atomic(offset, |_| ()), EINVAL);
            check_err!(aperture.map(offset, 1), EINVAL);
        }
        Ok(())
    }

    #[test]
    fn s8_free_unmaps_all() -> Outcome {
        let range = require!(TestRange::reserved());
        let before = KernelState::now()?;
        let ours = check_ok!(aperture(range.phys, PAGE_2M + PAGE));
        drop(check_ok!(ours.map(0, PAGE_2M)));
        check_eq!(KernelState::now()?.since(&before)?.areas.len(), 1);
        drop(ours);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn s1_compile_time_offsets() -> Outcome {
        let range = require!(TestRange::reserved());
        let aperture = check_ok!(aperture(range.phys, 3 * PAGE));
        let Some(whole) = aperture.whole() else {
            check_err!(aperture.sized::<{ 3 * 4096 }>(), EOPNOTSUPP);
            return Ok(());
        };
        let sized = check_ok!(aperture.sized::<{ 3 * 4096 }>());
        let first = whole.addr();
        check_eq!(sized.map_local::<0>().addr(), first);
        check_eq!(sized.map_local::<4096>().addr(), first + 4096);
        let last = sized.map_local::<8192>();
        check_eq!((last.addr(), last.size()), (first + 8192, 4096));
        Ok(())
    }

    #[test]
    fn s3_aperture_of_every_mode() -> Outcome {
        let range = require!(TestRange::reserved());
        for mode in CacheMode::ALL {
            let ours = check_ok!(aperture_with(
                Options::new(mode),
                range.phys,
                PAGE_2M,
                strategy()
            ));
            let in_c = CMapping::new(mode, range.phys, PAGE_2M)?;
            let all = check_ok!(ours.map(0, PAGE_2M));
            compare_entries(all.addr(), in_c.addr(), PAGE_2M)?;
            let page = check_ok!(ours.map_local(PAGE));
            let value = 0xfeed_0000 | c::page_cache_mode(mode);
            check_ok!(page.try_write32(value, 16));
            check_eq!(in_c.read32(PAGE as usize + 16), value);
        }
        Ok(())
    }
}
