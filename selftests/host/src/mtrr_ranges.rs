// SPDX-License-Identifier: GPL-2.0

//! Whether an MTRR begins or ends within a range, compared with each address of it.

use crate::mtrr_range::{may_split, VariableRange};

const PAGE: u64 = 4096;
/// Physical addresses of the model have as many bits.
const BITS: u32 = 20;
const VALID: u64 = 1 << 11;

/// Whether the MTRR covers `addr`, as the CPU's manual says.
fn covers(base: u64, mask: u64, addr: u64) -> bool {
    addr & mask & !0xfff == base & mask & !0xfff
}

fn in_one_piece(mask: u64) -> bool {
    let ones = mask >> mask.trailing_zeros();
    mask == 0 || ones & (ones + 1) == 0
}

#[test]
fn every_range_of_pages_with_every_mask() {
    let pages = 1 << (BITS - 12);
    let all = (1 << BITS) - 1;
    // Each size, and each base; some masks with holes.
    let masks = (12..=BITS).map(|bit| all & !((1 << bit) - 1));
    for mask in masks.chain([0xa_0000, 0x9_8000, 0xf_b000]) {
        for base in (0..pages).map(|page| page * PAGE) {
            let range = VariableRange::new(mask | VALID, || base | 6).unwrap();
            let covered: Vec<bool> = (0..pages)
                .map(|page| covers(base, mask, page * PAGE))
                .collect();
            // Every start, and the sizes of large pages of the model.
            for shift in 0..=4 {
                let len = 1 << shift;
                for first in (0..pages as usize).step_by(len) {
                    let of_range = &covered[first..first + len];
                    let expected = of_range.iter().all(|&of| of == of_range[0]);
                    let (start, last) = (first as u64 * PAGE, (first + len) as u64 * PAGE - 1);
                    let found = range.is_uniform(start, last);
                    assert!(expected || may_split(mask | VALID, start, last));
                    assert!(!found || expected, "{base:x} {mask:x} {start:x} {last:x}");
                    assert!(found == expected || !in_one_piece(mask));
                }
            }
        }
    }
}

#[test]
fn a_pair_that_is_not_in_use_is_none() {
    assert!(VariableRange::new(0xf_f000, || panic!("the base need not be read")).is_none());
}
