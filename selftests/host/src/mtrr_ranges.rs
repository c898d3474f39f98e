// SPDX-License-Identifier: GPL-2.0

//! Whether an MTRR begins or ends within a range, compared with each address of it.

use crate::mtrr_range::{may_split, VariableRange};

const PAGE: u64 = 4096;
const VALID: u64 = 1 << 11;

/// Whether the MTRR covers `addr`, as the CPU's manual says.
fn covers(base: u64, mask: u64, addr: u64) -> bool {
    addr & mask & !0xfff == base & mask & !0xfff
}

fn in_one_piece(mask: u64) -> bool {
    let ones = mask >> mask.trailing_zeros();
    mask == 0 || ones & (ones + 1) == 0
}

/// Compares what is said of the `len` pages from `first` on with what is said of each of them.
fn judge(base: u64, mask: u64, covered: &[bool], first: usize, len: usize) {
    let range = VariableRange::new(mask | VALID, || base | 6).unwrap();
    let of_range = &covered[first..first + len];
    let expected = of_range.iter().all(|&of| of == of_range[0]);
    let (start, last) = (first as u64 * PAGE, (first + len) as u64 * PAGE - 1);
    let found = range.is_uniform(start, last);
    assert!(expected || may_split(mask | VALID, start, last));
    assert!(!found || expected, "{base:x} {mask:x} {start:x} {last:x}");
    assert!(found == expected || !in_one_piece(mask));
}

/// With each base and each size of an MTRR, and some masks with holes, among as many pages.
fn with_every_mask(bits: u32, holes: &[u64], check: impl Fn(u64, u64, &[bool])) {
    let all = (1 << bits) - 1;
    let masks = (12..=bits).map(|bit| all & !((1 << bit) - 1));
    for mask in masks.chain(holes.iter().copied()) {
        for base in (0..1 << bits).step_by(PAGE as usize) {
            let addrs = (0..1 << bits).step_by(PAGE as usize);
            let covered: Vec<bool> = addrs.map(|addr| covers(base, mask, addr)).collect();
            check(base, mask, &covered);
        }
    }
}

#[test]
fn every_range_of_pages_with_every_mask() {
    with_every_mask(
        20,
        &[0xa_0000, 0x9_8000, 0xf_b000],
        |base, mask, covered| {
            // Every start, and the sizes of large pages of the model.
            for len in (0..=4).map(|shift| 1 << shift) {
                for first in (0..covered.len()).step_by(len) {
                    judge(base, mask, covered, first, len);
                }
            }
        },
    );
}

/// Mappings, which need not begin at a multiple of their size.
#[test]
fn every_start_and_length_with_every_mask() {
    with_every_mask(16, &[0xa000, 0xb000], |base, mask, covered| {
        for first in 0..covered.len() {
            for len in 1..=covered.len() - first {
                judge(base, mask, covered, first, len);
            }
        }
    });
}

#[test]
fn a_pair_that_is_not_in_use_is_none() {
    assert!(VariableRange::new(0xf_f000, || panic!("the base need not be read")).is_none());
}
