// SPDX-License-Identifier: GPL-2.0

//! Physical ranges and offsets of random numbers.

use crate::cases::{config, number};
use crate::mm::phys_range::{check_offset, PhysRange};
use crate::model;
use crate::phys_range_grid::compare_phys_range;
use proptest::prelude::*;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn phys_range_equals_the_model(start in number(), size in number(), bits in 0..70u32) {
        compare_phys_range(start, size, bits);
    }

    #[test]
    fn phys_range_pages_hold_every_byte_and_no_more(start in number(), size in 1..1u64 << 40) {
        if let Ok(range) = PhysRange::new(start, size, 64) {
            let first_page = u128::from(range.page_start());
            let end = first_page + u128::from(range.pages()) * model::PAGE;
            let (first, last) = (u128::from(start), u128::from(start) + u128::from(size) - 1);
            prop_assert!(first_page <= first && first < first_page + model::PAGE);
            prop_assert!(end - model::PAGE <= last && last < end);
            prop_assert_eq!(range.page_start() + range.page_offset(), start);
        }
    }

    #[test]
    fn offset_equals_the_model(size in number(), offset in number(), len in number()) {
        prop_assert_eq!(check_offset(size, offset, len), model::check_offset(size, offset, len));
    }

    #[test]
    fn accepted_offset_stays_inside(size: u64, page in 0..1u64 << 52, len: u64) {
        let offset = page << 12;
        if check_offset(size, offset, len).is_ok() {
            prop_assert!(u128::from(offset) + u128::from(len) <= u128::from(size));
        }
    }
}
