// SPDX-License-Identifier: GPL-2.0

//! What both strategies must do alike.

use crate::{
    c,
    support::{mappings::*, outcome::*, ranges::*, translation::phys_at},
};
use io_mapping_rs::{ioremap::Options, IoMapping, Strategy};
use kernel::prelude::*;

/// Compares the maps of a sparse aperture with those of one that is mapped whole.
fn compare_maps(sparse: &IoMapping, whole: &IoMapping, offset: u64, len: u64) -> Outcome {
    check_eq!(
        sparse.map(offset, len).map(|map| map.size()),
        whole.map(offset, len).map(|map| map.size())
    );
    check_eq!(
        sparse.map_local(offset).map(|map| map.size()),
        whole.map_local(offset).map(|map| map.size())
    );
    check_eq!(
        sparse.map_atomic(offset, |map| map.size()),
        whole.map_atomic(offset, |map| map.size())
    );
    check_eq!(
        sparse.with_local(offset, |map| map.size()),
        whole.with_local(offset, |map| map.size())
    );
    Ok(())
}

/// Compares the errors for ranges of which neither strategy makes an aperture.
fn compare_refused(range: TestRange, options: Options) -> Outcome {
    let limit = c::iomrs_c_phys_limit();
    for (base, size, errno) in [
        (range.phys, 0, EINVAL),
        (range.phys + 1, PAGE, EINVAL),
        (range.phys + 4095, PAGE, EINVAL),
        (u64::MAX - 4095, PAGE, ERANGE),
        (u64::MAX - 4095, 2 * PAGE, EINVAL),
        (limit, PAGE, ERANGE),
        (limit - PAGE, 2 * PAGE, ERANGE),
        (range.phys, u64::MAX, EINVAL),
        (range.phys, limit, ERANGE),
        (c::iomrs_c_ram_page(), PAGE, EPERM),
    ] {
        for strategy in [Strategy::Whole, Strategy::Sparse] {
            check_err!(aperture_with(options, base, size, strategy), errno);
        }
    }
    Ok(())
}

#[kunit_tests(iomrs_strategies)]
mod tests {
    use super::*;

    #[test]
    fn s5_without_slots_nothing_is_sparse() -> Outcome {
        if crate::module_parameters::window_slots.value() != 0 {
            return skip(c"window_slots=0 is not given");
        }
        let range = require!(TestRange::reserved());
        let options = Options::new(WC);
        let of = |strategy| aperture_with(options, range.phys, PAGE_2M, strategy);
        check_err!(of(Strategy::Sparse), EOPNOTSUPP);
        for strategy in [Strategy::Auto, Strategy::Whole] {
            let ours = check_ok!(of(strategy));
            check_eq!(ours.strategy(), Strategy::Whole);
            let page = check_ok!(ours.map_local(PAGE)).addr();
            check_eq!(phys_at(page), Some(range.phys + PAGE));
            check_ok!(ours.map(0, PAGE_2M));
        }
        Ok(())
    }

    #[test]
    fn s1_sparse_refuses_what_whole_refuses() -> Outcome {
        let range = require!(TestRange::reserved());
        let options = Options::new(WC);
        compare_refused(range, options)?;
        let size = 3 * PAGE + 100;
        let whole = check_ok!(aperture_with(options, range.phys, size, Strategy::Whole));
        let sparse = check_ok!(sparse_aperture(range.phys, size));
        let offsets = [
            0,
            1,
            4095,
            2 * PAGE,
            3 * PAGE,
            3 * PAGE + 1,
            4 * PAGE,
            1 << 63,
        ];
        let lengths = [
            0,
            1,
            100,
            101,
            PAGE,
            size,
            size + 1,
            u64::MAX - PAGE,
            u64::MAX,
        ];
        for offset in offsets {
            for len in lengths {
                compare_maps(&sparse, &whole, offset, len)?;
            }
        }
        check_err!(sparse.sized::<{ 3 * 4096 + 101 }>(), EINVAL);
        check_err!(sparse.sized::<4096>(), EOPNOTSUPP);
        Ok(())
    }
}
