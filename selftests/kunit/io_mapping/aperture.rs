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
    pub(crate) fn new(base: u64, size: u64) -> Verdict<Self> {
        // SAFETY: As `aperture`.
        let mapping = unsafe { c::iomrs_c_create_wc(base, size as usize) };
        check!(!mapping.is_null());
        Ok(Self(mapping))
    }

    /// Where C maps the first page.
    fn base(&self) -> usize {
        // SAFETY: The aperture is live, and the page in it.
        unsafe { c::iomrs_c_map_local_wc(self.0, 0) }
    }
}

impl Drop for CAperture {
    fn drop(&mut self) {
        // SAFETY: Made by `new`, freed here only.
        unsafe { c::iomrs_c_free(self.0) };
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
    fn s1_offset_or_end_outside_is_einval() -> Verdict {
        let range = need!(Range::reserved());
        let size = 4 * PAGE;
        let aperture = ok!(aperture(range.phys, size));
        for offset in [size, size + PAGE, 1 << 32, 1 << 63, u64::MAX - 4095] {
            refused!(aperture.map_local(offset), EINVAL);
            refused!(aperture.map_atomic(offset), EINVAL);
            refused!(aperture.map(offset, 1), EINVAL);
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
            refused!(aperture.map(offset, len), EINVAL);
        }
        refused!(aperture.sized::<{ 4 * 4096 + 1 }>(), EINVAL);
        Ok(())
    }

    #[test]
    fn s1_refusals_have_no_side_effects() -> Verdict {
        let range = need!(Range::reserved());
        let aperture = ok!(aperture(range.phys, PAGE));
        let before = side_effects();
        for offset in [1, PAGE, u64::MAX] {
            refused!(aperture.map_atomic(offset), EINVAL);
            same!(side_effects(), before);
        }
        Ok(())
    }

    #[test]
    fn s1_all_within_is_mapped() -> Verdict {
        let range = need!(Range::reserved());
        let size = 3 * PAGE + 100;
        let aperture = ok!(aperture(range.phys, size));
        for offset in [0, PAGE, 2 * PAGE, 3 * PAGE] {
            let expected = (range.phys + offset, PAGE.min(size - offset));
            let local = ok!(aperture.map_local(offset));
            same!((phys_at(local.addr()), local.size() as u64), expected);
            drop(local);
            // Nothing may fail between here and the end of the guard: preemption is off.
            let atomic = aperture.map_atomic(offset);
            let seen = atomic.map(|map| (phys_at(map.addr()), map.size() as u64));
            same!(seen, Ok(expected));
            for len in [1, size - offset] {
                let map = ok!(aperture.map(offset, len));
                let end = map.addr() + map.size() - 1;
                same!(map.size() as u64, len);
                same!(phys_at(map.addr()), range.phys + offset);
                same!(phys_at(end), range.phys + offset + len - 1);
            }
        }
        Ok(())
    }

    #[test]
    fn s1_every_page_of_any_number_of_pages() -> Verdict {
        let range = need!(Range::reserved());
        for pages in [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33] {
            for size in [pages * PAGE - 4095, pages * PAGE - 1, pages * PAGE] {
                let aperture = ok!(aperture(range.phys, size));
                for page in 0..64 {
                    let addr = aperture
                        .map_local(page * PAGE)
                        .map(|map| phys_at(map.addr()));
                    if page < pages {
                        same!(addr, Ok(range.phys + page * PAGE));
                    } else {
                        refused!(addr, EINVAL);
                    }
                    refused!(aperture.map_local(page * PAGE + 1), EINVAL);
                    refused!(aperture.map_local(page * PAGE + 2048), EINVAL);
                }
            }
        }
        Ok(())
    }

    #[test]
    fn s2_offset_in_a_page_is_einval() -> Verdict {
        let range = need!(Range::reserved());
        let aperture = ok!(aperture(range.phys, 4 * PAGE));
        for offset in [1, 8, 2048, 4095, 4097, 3 * PAGE + 1] {
            refused!(aperture.map_local(offset), EINVAL);
            refused!(aperture.map_atomic(offset), EINVAL);
            refused!(aperture.map(offset, 1), EINVAL);
        }
        Ok(())
    }

    #[test]
    fn s6_same_addresses_as_c() -> Verdict {
        let bar = need!(Range::bar2());
        let size = if cfg!(iomrs_exported) {
            bar.size
        } else {
            4 * PAGE_2M
        };
        let ours = ok!(aperture(bar.phys, size));
        let theirs = CAperture::new(bar.phys, size)?;
        if let Some(whole) = ours.whole() {
            same_entries(whole.addr(), theirs.base(), size)?;
        }
        for offset in [0, PAGE, PAGE_2M, size / 2, size - PAGE] {
            let map = ok!(ours.map_local(offset));
            // SAFETY: The offset is within the aperture.
            let addr = unsafe { c::iomrs_c_map_local_wc(theirs.0, offset as usize) };
            same!(
                Page::at(map.addr()).map(|page| page.phys),
                Some(bar.phys + offset)
            );
            same!(
                Page::at(addr).map(|page| page.phys),
                Some(bar.phys + offset)
            );
            // SAFETY: Mapped just now.
            unsafe { c::iomrs_c_unmap_local(addr) };
            let map = ok!(ours.map(offset, PAGE));
            // SAFETY: The offset is within the aperture.
            let addr = unsafe { c::iomrs_c_map_wc(theirs.0, offset as usize, PAGE as usize) };
            match ours.whole() {
                Some(whole) => same!(addr - theirs.base(), map.addr() - whole.addr()),
                None => same!(phys_at(map.addr()), bar.phys + offset),
            }
        }
        Ok(())
    }

    #[test]
    fn s6_atomic_has_the_side_effects_of_c() -> Verdict {
        let range = need!(Range::reserved());
        let ours = ok!(aperture(range.phys, 2 * PAGE));
        let theirs = CAperture::new(range.phys, 2 * PAGE)?;
        let before = side_effects();
        // SAFETY: The page is in the aperture, and unmapped just below.
        let with_theirs = unsafe {
            let addr = c::iomrs_c_map_atomic_wc(theirs.0, 0);
            let seen = side_effects();
            c::iomrs_c_unmap_atomic(addr);
            seen
        };
        same!(side_effects(), before);
        check!(with_theirs != before);
        let map = ours.map_atomic(0);
        let with_ours = side_effects();
        drop(map);
        same!(with_ours, with_theirs);
        same!(side_effects(), before);
        Ok(())
    }

    #[test]
    fn s6_atomic_maps_nest() -> Verdict {
        let range = need!(Range::reserved());
        let aperture = ok!(aperture(range.phys, 2 * PAGE));
        let before = side_effects();
        let first = aperture.map_atomic(0);
        let one = side_effects();
        let second = aperture.map_atomic(PAGE);
        let two = side_effects();
        // In the order in which they were made, which C's 32-bit path does not allow.
        drop(first);
        let left = side_effects();
        drop(second);
        same!(side_effects(), before);
        same!((left, two.1), (one, one.1 + one.1 - before.1));
        Ok(())
    }

    #[test]
    fn s6_others_have_no_side_effects() -> Verdict {
        let range = need!(Range::reserved());
        let aperture = ok!(aperture(range.phys, 2 * PAGE));
        let before = side_effects();
        let _map = ok!(aperture.map(0, 2 * PAGE));
        same!(side_effects(), before);
        let _local = ok!(aperture.map_local(0));
        same!(side_effects(), before);
        Ok(())
    }

    #[test]
    fn s7_leaked_guards_do_no_harm() -> Verdict {
        let range = need!(Range::reserved());
        let before = Seen::now()?;
        let aperture = ok!(aperture(range.phys, 2 * PAGE));
        let start = side_effects();
        for _ in 0..1000 {
            let _leaked = ManuallyDrop::new(ok!(aperture.map(0, PAGE)));
            // The chunk is there now, or the whole: no slot is wasted.
            let _leaked = ManuallyDrop::new(ok!(aperture.map_local(PAGE)));
        }
        // Only the task that leaks an atomic guard has something of it: what it may not do.
        let leaked = aperture.map_atomic(0);
        let addr = leaked.as_ref().map_or(0, |map| map.addr());
        core::mem::forget(leaked);
        // SAFETY: The leaked guard would do the same.
        unsafe { c::iomrs_c_unmap_atomic(addr) };
        same!(side_effects(), start);
        ok!(ok!(aperture.map_local(0)).try_write32(1, 0));
        drop(aperture);
        same!(Seen::now()?, before);
        Ok(())
    }

    #[test]
    fn s7_guards_end_in_any_order() -> Verdict {
        let range = need!(Range::reserved());
        let aperture = ok!(aperture(range.phys, 4 * PAGE));
        let maps = [0, PAGE, 2 * PAGE, 3 * PAGE].map(|offset| aperture.map_local(offset));
        let [Ok(first), Ok(second), Ok(third), Ok(last)] = maps else {
            fail!("a page of the aperture is not mapped")
        };
        ok!(last.try_write32(4, 0));
        {
            let _first_ends = first;
        }
        ok!(second.try_write32(2, 0));
        {
            let _third_ends = third;
        }
        same!(second.try_read32(0), Ok(2));
        {
            let _second_ends = second;
        }
        same!(last.try_read32(0), Ok(4));
        Ok(())
    }

    #[test]
    fn s8_free_unmaps_all() -> Verdict {
        let range = need!(Range::reserved());
        let before = Seen::now()?;
        let ours = ok!(aperture(range.phys, PAGE_2M + PAGE));
        let addr = ok!(ours.map(0, PAGE_2M)).addr();
        same!(Seen::now()?.since(&before)?.areas.len(), 1);
        drop(ours);
        same!(Seen::now()?, before);
        check!(Page::at(addr).is_none());
        Ok(())
    }

    #[test]
    fn s1_compile_time_offsets() -> Verdict {
        let range = need!(Range::reserved());
        let aperture = ok!(aperture(range.phys, 3 * PAGE));
        let Some(whole) = aperture.whole() else {
            refused!(aperture.sized::<{ 3 * 4096 }>(), EOPNOTSUPP);
            return Ok(());
        };
        let sized = ok!(aperture.sized::<{ 3 * 4096 }>());
        let first = whole.addr();
        same!(sized.map_local::<0>().addr(), first);
        same!(sized.map_local::<4096>().addr(), first + 4096);
        let last = sized.map_local::<8192>();
        same!((last.addr(), last.size()), (first + 8192, 4096));
        Ok(())
    }

    #[test]
    fn s3_every_mode_is_an_aperture() -> Verdict {
        let range = need!(Range::reserved());
        for mode in CacheMode::ALL {
            let ours = ok!(aperture_with(mode, range.phys, PAGE_2M));
            let Some(theirs) = Theirs::map(mode, range.phys, PAGE_2M) else {
                fail!("C maps nothing {:?}", mode)
            };
            let all = ok!(ours.map(0, PAGE_2M));
            same_entries(all.addr(), theirs.addr(), PAGE_2M)?;
            let page = ok!(ours.map_local(PAGE));
            ok!(page.try_write32(0xfeed_0000 | raw(mode), 16));
            same!(theirs.read32(PAGE as usize + 16), 0xfeed_0000 | raw(mode));
        }
        Ok(())
    }
}
