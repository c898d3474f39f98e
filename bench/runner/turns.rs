// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! In which order the three sides run.
//!
//! Each side finds the lists of the allocators as the side before it left them. In a fixed order one
//! side would always follow the same other one; here each follows each as often.

use crate::{
    random::Random,
    results::Side::{self, CRepeat, Ours, C},
};

const ORDERS: [[Side; 3]; 6] = [
    [C, Ours, CRepeat],
    [CRepeat, C, Ours],
    [Ours, CRepeat, C],
    [CRepeat, Ours, C],
    [C, CRepeat, Ours],
    [Ours, C, CRepeat],
];

/// Orders by chance, which are the same ones each time and in each thread.
pub(super) struct Turns(Random);

impl Turns {
    pub(super) fn new() -> Self {
        Self(Random::new(3))
    }

    pub(super) fn next(&mut self) -> [Side; 3] {
        let [first, ..] = ORDERS;
        // CAST: It is less than 6.
        let order = (self.0.next() % 6) as usize;
        ORDERS.get(order).copied().unwrap_or(first)
    }
}
