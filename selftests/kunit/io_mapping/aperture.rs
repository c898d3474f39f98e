// SPDX-License-Identifier: GPL-2.0

//! The aperture and its three kinds of map, beside C's `io_mapping_*()`.

use crate::{
    c,
    support::{
        compare::{same_entries, Page, Theirs},
        outcome::*,
        proc_files::Seen,
        ranges::*,
    },
};
use core::mem::ManuallyDrop;
use io_mapping_rs::CacheMode;
use kernel::{io::Io, prelude::*};

/// The physical address that `addr` is mapped to, 0 where it is not.
fn phys_at(addr: usize) -> u64 {
    Page::at(addr).map_or(0, |page| page.phys)
}

/// An aperture of C's, freed on drop.
pub(crate) struct CAperture(pub(crate) *mut c::IoMapping);

// SAFETY: C lets any task map any page of it.
unsafe impl Sync for CAperture {}

impl CAperture {
    pub(crate) fn new(base: u64, size: u64) -> Outcome<Self> {
        // SAFETY: As `aperture`.
        let mapping = unsafe { c::iomrs_c_io_mapping_create_wc(base, size as usize) };
        check!(!mapping.is_null());
        Ok(Self(mapping))
    }

    /// Where C maps the first page.
    fn base(&self) -> usize {
        // SAFETY: The aperture is live, and the page in it.
        unsafe { c::iomrs_c_io_mapping_map_local_wc(self.0, 0) }
    }
}

impl Drop for CAperture {
    fn drop(&mut self) {
        // SAFETY: Made by `new`, freed here only.
        unsafe { c::iomrs_c_io_mapping_free(self.0) };
    }
}

/// What a task sees of an atomic map.
fn side_effects() -> (u32, u32) {
    (c::iomrs_c_preempt_count(), c::iomrs_c_pagefault_disabled())
}

#[kunit_tests(iomrs_aperture)]
mod tests {
    use super::*;

    #[test]
    fn s1_offset_or_end_outside_is_einval() -> Outcome {
        let range = require!(Range::reserved());
        let size = 4 * PAGE;
        let aperture = check_ok!(aperture(range.phys, size));
        for offset in [size, size + PAGE, 1 << 32, 1 << 63, u64::MAX - 4095] {
            check_err!(aperture.map_local(offset), EINVAL);
            check_err!(aperture.map_atomic(offset), EINVAL);
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
        let range = require!(Range::reserved());
        let aperture = check_ok!(aperture(range.phys, PAGE));
        let before = side_effects();
        for offset in [1, PAGE, u64::MAX] {
            check_err!(aperture.map_atomic(offset), EINVAL);
            check_eq!(side_effects(), before);
        }
        Ok(())
    }

    #[test]
    fn s1_every_offset_inside_is_mapped() -> Outcome {
        let range = require!(Range::reserved());
        let size = 3 * PAGE + 100;
        let aperture = check_ok!(aperture(range.phys, size));
        for offset in [0, PAGE, 2 * PAGE, 3 * PAGE] {
            let expected = (range.phys + offset, PAGE.min(size - offset));
            let local = check_ok!(aperture.map_local(offset));
            check_eq!((phys_at(local.addr()), local.size() as u64), expected);
            drop(local);
            // Nothing may fail between here and the end of the guard: preemption is off.
            let atomic = aperture.map_atomic(offset);
            let seen = atomic.map(|map| (phys_at(map.addr()), map.size() as u64));
            check_eq!(seen, Ok(expected));
            for len in [1, size - offset] {
                let map = check_ok!(aperture.map(offset, len));
                let end = map.addr() + map.size() - 1;
                check_eq!(map.size() as u64, len);
                check_eq!(phys_at(map.addr()), range.phys + offset);
                check_eq!(phys_at(end), range.phys + offset + len - 1);
            }
        }
        Ok(())
    }

    #[test]
    fn s1_every_page_of_any_number_of_pages() -> Outcome {
        let range = require!(Range::reserved());
        for pages in [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33] {
            for size in [pages * PAGE - 4095, pages * PAGE - 1, pages * PAGE] {
                let aperture = check_ok!(aperture(range.phys, size));
                for page in 0..64 {
                    let addr = aperture
                        .map_local(page * PAGE)
                        .map(|map| phys_at(map.addr()));
                    if page < pages {
                        check_eq!(addr, Ok(range.phys + page * PAGE));
                    } else {
                        check_err!(addr, EINVAL);
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
        let range = require!(Range::reserved());
        let aperture = check_ok!(aperture(range.phys, 4 * PAGE));
        for offset in [1, 8, 2048, 4095, 4097, 3 * PAGE + 1] {
            check_err!(aperture.map_local(offset), EINVAL);
            check_err!(aperture.map_atomic(offset), EINVAL);
            check_err!(aperture.map(offset, 1), EINVAL);
        }
        Ok(())
    }

    #[test]
    fn s6_same_addresses_as_c() -> Outcome {
        let bar = require!(Range::bar2());
        let size = if cfg!(iomrs_exported) {
            bar.size
        } else {
            4 * PAGE_2M
        };
        let ours = check_ok!(aperture(bar.phys, size));
        let theirs = CAperture::new(bar.phys, size)?;
        if let Some(whole) = ours.whole() {
            same_entries(whole.addr(), theirs.base(), size)?;
        }
        for offset in [0, PAGE, PAGE_2M, size / 2, size - PAGE] {
            let map = check_ok!(ours.map_local(offset));
            // SAFETY: The offset is within the aperture.
            let addr = unsafe { c::iomrs_c_io_mapping_map_local_wc(theirs.0, offset as usize) };
            check_eq!(
                Page::at(map.addr()).map(|page| page.phys),
                Some(bar.phys + offset)
            );
            check_eq!(
                Page::at(addr).map(|page| page.phys),
                Some(bar.phys + offset)
            );
            // SAFETY: Mapped just now.
            unsafe { c::iomrs_c_io_mapping_unmap_local(addr) };
            let map = check_ok!(ours.map(offset, PAGE));
            // SAFETY: The offset is within the aperture.
            let addr =
                unsafe { c::iomrs_c_io_mapping_map_wc(theirs.0, offset as usize, PAGE as usize) };
            match ours.whole() {
                Some(whole) => check_eq!(addr - theirs.base(), map.addr() - whole.addr()),
                None => check_eq!(phys_at(map.addr()), bar.phys + offset),
            }
        }
        Ok(())
    }

    #[test]
    fn s6_atomic_has_the_side_effects_of_c() -> Outcome {
        let range = require!(Range::reserved());
        let ours = check_ok!(aperture(range.phys, 2 * PAGE));
        let theirs = CAperture::new(range.phys, 2 * PAGE)?;
        let before = side_effects();
        // SAFETY: The page is in the aperture, and unmapped just below.
        let with_theirs = unsafe {
            let addr = c::iomrs_c_io_mapping_map_atomic_wc(theirs.0, 0);
            let seen = side_effects();
            c::iomrs_c_io_mapping_unmap_atomic(addr);
            seen
        };
        check_eq!(side_effects(), before);
        check!(with_theirs != before);
        let map = ours.map_atomic(0);
        let with_ours = side_effects();
        drop(map);
        check_eq!(with_ours, with_theirs);
        check_eq!(side_effects(), before);
        Ok(())
    }

    #[test]
    fn s6_atomic_maps_nest() -> Outcome {
        let range = require!(Range::reserved());
        let aperture = check_ok!(aperture(range.phys, 2 * PAGE));
        let before = side_effects();
        let first = aperture.map_atomic(0);
        let one = side_effects();
        let second = aperture.map_atomic(PAGE);
        let two = side_effects();
        // In the order in which they were made, which C's 32-bit path does not allow.
        drop(first);
        let left = side_effects();
        drop(second);
        check_eq!(side_effects(), before);
        check_eq!((left, two.1), (one, one.1 + one.1 - before.1));
        Ok(())
    }

    #[test]
    fn s6_other_maps_have_no_side_effects() -> Outcome {
        let range = require!(Range::reserved());
        let aperture = check_ok!(aperture(range.phys, 2 * PAGE));
        let before = side_effects();
        let _map = check_ok!(aperture.map(0, 2 * PAGE));
        check_eq!(side_effects(), before);
        let _local = check_ok!(aperture.map_local(0));
        check_eq!(side_effects(), before);
        Ok(())
    }

    #[test]
    fn s7_leaked_guards_do_no_harm() -> Outcome {
        let range = require!(Range::reserved());
        let before = Seen::now()?;
        let aperture = check_ok!(aperture(range.phys, 2 * PAGE));
        let start = side_effects();
        for _ in 0..1000 {
            let _leaked = ManuallyDrop::new(check_ok!(aperture.map(0, PAGE)));
            // The chunk is there now, or the whole: no slot is wasted.
            let _leaked = ManuallyDrop::new(check_ok!(aperture.map_local(PAGE)));
        }
        // Only the task that leaks an atomic guard has something of it: what it may not do.
        let leaked = aperture.map_atomic(0);
        let addr = leaked.as_ref().map_or(0, |map| map.addr());
        core::mem::forget(leaked);
        // SAFETY: The leaked guard would do the same.
        unsafe { c::iomrs_c_io_mapping_unmap_atomic(addr) };
        check_eq!(side_effects(), start);
        check_ok!(check_ok!(aperture.map_local(0)).try_write32(1, 0));
        drop(aperture);
        check_eq!(Seen::now()?, before);
        Ok(())
    }

    #[test]
    fn s7_guards_end_in_any_order() -> Outcome {
        let range = require!(Range::reserved());
        let aperture = check_ok!(aperture(range.phys, 4 * PAGE));
        let maps = [0, PAGE, 2 * PAGE, 3 * PAGE].map(|offset| aperture.map_local(offset));
        let [Ok(first), Ok(second), Ok(third), Ok(last)] = maps else {
            fail!("a page of the aperture is not mapped")
        };
        check_ok!(last.try_write32(4, 0));
        {
            let _first_ends = first;
        }
        check_ok!(second.try_write32(2, 0));
        {
            let _third_ends = third;
        }
        check_eq!(second.try_read32(0), Ok(2));
        {
            let _second_ends = second;
        }
        check_eq!(last.try_read32(0), Ok(4));
        Ok(())
    }

    #[test]
    fn s8_free_unmaps_all() -> Outcome {
        let range = require!(Range::reserved());
        let before = Seen::now()?;
        let ours = check_ok!(aperture(range.phys, PAGE_2M + PAGE));
        let addr = check_ok!(ours.map(0, PAGE_2M)).addr();
        check_eq!(Seen::now()?.since(&before)?.areas.len(), 1);
        drop(ours);
        check_eq!(Seen::now()?, before);
        check!(Page::at(addr).is_none());
        Ok(())
    }

    #[test]
    fn s1_compile_time_offsets() -> Outcome {
        let range = require!(Range::reserved());
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
        let range = require!(Range::reserved());
        for mode in CacheMode::ALL {
            let ours = check_ok!(aperture_with(mode, range.phys, PAGE_2M));
            let Some(theirs) = Theirs::map(mode, range.phys, PAGE_2M) else {
                fail!("C maps nothing {:?}", mode)
            };
            let all = check_ok!(ours.map(0, PAGE_2M));
            same_entries(all.addr(), theirs.addr(), PAGE_2M)?;
            let page = check_ok!(ours.map_local(PAGE));
            check_ok!(page.try_write32(0xfeed_0000 | raw(mode), 16));
            check_eq!(theirs.read32(PAGE as usize + 16), 0xfeed_0000 | raw(mode));
        }
        Ok(())
    }
}
