// SPDX-License-Identifier: GPL-2.0

//! Physical ranges and offsets at all edge cases, each combined with each.

use crate::cases::edges;
use crate::mm::phys_range::{check_offset, PhysRange, PAGE_SHIFT, PAGE_SIZE};
use crate::model;

/// Compares a range, or the error, with the model.
pub fn compare_phys_range(start: u64, size: u64, bits: u32) {
    let what = (start, size, bits);
    let expected = model::last_byte(start, size, bits);
    let range = PhysRange::new(start, size, bits);
    assert_eq!(range.err(), expected.err(), "{what:x?}");
    let (Ok(range), Ok(last)) = (range, expected) else {
        return;
    };
    let first = u128::from(start);
    let offset = first % model::PAGE;
    assert_eq!(u128::from(range.page_offset()), offset, "{what:x?}");
    assert_eq!(u128::from(range.page_start()), first - offset, "{what:x?}");
    let pages = last / model::PAGE - first / model::PAGE + 1;
    assert_eq!(u128::from(range.pages()), pages, "{what:x?}");
}

#[test]
fn a_page_is_4096_bytes() {
    assert_eq!(PAGE_SIZE, 4096);
    assert_eq!(1 << PAGE_SHIFT, PAGE_SIZE);
}

#[test]
fn phys_range_at_every_edge() {
    let edges = edges();
    for bits in (0..=70).chain([128, u32::MAX]) {
        for &start in &edges {
            for &size in &edges {
                compare_phys_range(start, size, bits);
            }
        }
    }
}

#[test]
fn phys_range_of_every_size_around_every_limit() {
    for bits in 0..=64 {
        let limit: u128 = 1 << bits;
        for size in 0..=8200 {
            for past in 0..=2 {
                let start = (limit + past).saturating_sub(u128::from(size));
                compare_phys_range(start.try_into().unwrap_or(u64::MAX), size, bits);
            }
        }
    }
}

#[test]
fn offset_at_every_edge() {
    let edges = edges();
    for &size in &edges {
        for &offset in &edges {
            for &len in &edges {
                let expected = model::check_offset(size, offset, len);
                let what = (size, offset, len);
                assert_eq!(check_offset(size, offset, len), expected, "{what:x?}");
            }
        }
    }
}
