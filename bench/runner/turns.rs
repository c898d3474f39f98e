// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! In which order the sides run.
//!
//! Each side finds the lists of the allocators as the side before it left them. In a fixed order one
//! side would always follow the same other one; here each follows each as often.

use crate::harness::{
    division::divide,
    random::Random,
    results::Side::{self, CRepeat, KernelCrate, Ours, C},
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
pub(super) struct Turns {
    random: Random,
    kernel_crate: bool,
}

impl Turns {
    /// `kernel_crate`: whether it is one of the sides.
    pub(super) fn new(kernel_crate: bool) -> Self {
        Self {
            random: Random::new(3),
            kernel_crate,
        }
    }

    /// Returns the sides of a round.
    pub(super) fn next(&mut self) -> impl Iterator<Item = Side> {
        let [first, ..] = ORDERS;
        // CAST: It is less than 6.
        let order = divide(self.random.next(), 6).1 as usize;
        let order = ORDERS.get(order).copied().unwrap_or(first);
        // Before one of the others, or after the last one.
        // CAST: It is less than 4.
        let place = self.kernel_crate.then(|| (self.random.next() % 4) as usize);
        (0..4).flat_map(move |turn| {
            let inserted = place.filter(|&place| place == turn).map(|_| KernelCrate);
            inserted.into_iter().chain(order.get(turn).copied())
        })
    }
}
