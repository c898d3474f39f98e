// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Division of numbers of 64 bits, which the kernel's crates cannot do on a machine with 32 bits. Pure logic:
//! `selftests/host` tests it.

/// Returns the quotient, and what remains. Divided by 0 they are all ones, and `value`.
pub(crate) fn divide(value: u64, by: u64) -> (u64, u64) {
    if cfg!(target_pointer_width = "64") && by != 0 {
        return (value / by, value % by);
    }
    long_division(value, by)
}

/// As [`divide`], bit by bit.
pub(crate) fn long_division(value: u64, by: u64) -> (u64, u64) {
    let (mut quotient, mut rest) = (0, 0);
    for bit in (0..u64::BITS).rev() {
        // `rest` would have a bit more than 64.
        let is_larger = rest >> (u64::BITS - 1) != 0;
        rest = rest << 1 | value >> bit & 1;
        quotient <<= 1;
        if is_larger || rest >= by {
            rest = rest.wrapping_sub(by);
            quotient |= 1;
        }
    }
    (quotient, rest)
}
