// SPDX-License-Identifier: GPL-2.0

//! Sparse apertures: creation maps nothing, and a temporary map shows its page by a slot.

use crate::{
    c,
    support::{
        chunks::*, devices::ivshmem_bar, mappings::*, outcome::*, proc_files::*, ranges::*,
        translation::*,
    },
};
use io_mapping_rs::{io_mapping::LocalMap, ioremap::Options, CacheMode, IoMapping, Strategy};
use kernel::prelude::*;

const PAGE_4G: u64 = 4 << 30;
const TIB: u64 = 1 << 40;

/// Makes a sparse aperture where neither RAM nor a device is.
fn sparse_unpopulated(phys: u64, size: u64) -> Result<IoMapping> {
    let options = Options::new(WC).across_resources();
    aperture_with(options, phys, size, Strategy::Sparse)
}

#[kunit_tests(iomrs_sparse)]
mod tests {
    use super::*;

    #[test]
    fn creation_maps_nothing() -> Outcome {
        let bar = require!(ivshmem_bar(2));
        let before = KernelState::now()?;
        for size in [1, PAGE, 1 << 20, CHUNK, PAGE_1G, bar.size] {
            let size = size.min(bar.size);
            let ours = check_ok!(sparse_aperture(bar.phys, size));
            let with_ours = KernelState::now()?.since(&before)?;
            check_eq!((with_ours.areas.len(), ours.size()), (0, size));
            drop(ours);
            check_eq!(KernelState::now()?, before);
            // The mode is reserved as C reserves it.
            let in_c = CAperture::new(bar.phys, size)?;
            let with_c = KernelState::now()?.since(&before)?;
            drop(in_c);
            check_eq!(with_ours.memtypes, with_c.memtypes);
        }
        Ok(())
    }

    #[test]
    fn creation_of_a_large_aperture_maps_nothing() -> Outcome {
        let phys = require!(TestRange::unpopulated(TIB)).phys;
        for size in [1 << 20, PAGE_1G, 64 * PAGE_1G, TIB] {
            let before = KernelState::now()?;
            let ours = check_ok!(sparse_unpopulated(phys, size));
            let with_ours = KernelState::now()?.since(&before)?;
            check!(with_ours.areas.is_empty());
            if c::iomrs_c_pat_enabled() {
                check_eq!(
                    *with_ours.memtypes,
                    [Memtype::new(phys, phys + size, WC)][..]
                );
            }
            drop(ours);
            check_eq!(KernelState::now()?, before);
        }
        Ok(())
    }

    #[test]
    fn pages_far_into_a_large_aperture() -> Outcome {
        let start = require!(TestRange::unpopulated(TIB)).phys;
        let ours = check_ok!(sparse_unpopulated(start, TIB));
        let before = KernelState::now()?;
        for offset in [0, PAGE_4G - PAGE, PAGE_4G, TIB / 2 + PAGE, TIB - PAGE] {
            let phys = start + offset;
            let addr = check_ok!(ours.map_local(offset)).addr();
            check!(!is_mapped(addr));
            let local = ours.map_local(offset).map(|map| phys_at(map.addr()));
            check_eq!(local, Ok(Some(phys)));
            let atomic = ours.map_atomic(offset, |map| phys_at(map.addr()));
            check_eq!(atomic, Ok(Some(phys)));
            check_eq!(new_areas(&before)?, 0);
        }
        for offset in [TIB, TIB + PAGE, u64::MAX - 4095, 1] {
            check_err!(ours.map_local(offset), EINVAL);
            check_err!(ours.map(offset, PAGE), EINVAL);
        }
        require!(chunks(3));
        for offset in [TIB - PAGE, PAGE_4G, PAGE_4G - PAGE] {
            check_all_maps(&ours, offset, start + offset)?;
        }
        check_eq!(new_areas(&before)?, 3);
        Ok(())
    }

    #[test]
    fn s10_slot_has_the_entry_of_c() -> Outcome {
        let range = require!(TestRange::reserved());
        for mode in CacheMode::ALL {
            let options = Options::new(mode);
            let ours = aperture_with(options, range.phys, 4 * PAGE, Strategy::Sparse);
            let ours = check_ok!(ours);
            let in_c = CMapping::new(mode, range.phys + 3 * PAGE, PAGE)?;
            let expected = Translation::of(in_c.addr());
            let local = check_ok!(ours.map_local(3 * PAGE));
            check_eq!(Translation::of(local.addr()), expected);
            let addr = local.addr();
            drop(local);
            check!(!is_mapped(addr));
            let atomic = |map: &LocalMap<'_>| (map.addr(), Translation::of(map.addr()));
            let (addr, found) = check_ok!(ours.map_atomic(3 * PAGE, atomic));
            check_eq!(found, expected);
            check!(!is_mapped(addr));
            check!(ours.achieved() == mode || !c::iomrs_c_pat_enabled());
        }
        Ok(())
    }
}
