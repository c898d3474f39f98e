// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Numbers of 64 bits in decimal.

use core::fmt::{self, Display, Formatter};

/// A number that is written in decimal, without width or sign.
///
/// On a machine with 32 bits Rust's own `Display` of a `u64` panics in the kernel: it divides in 64 bits, which the
/// kernel's crates cannot do there.
pub struct Decimal(pub u64);

/// So many digits are found at once: what remains of a division by it and the next 16 bits are less than 32 bits.
const GROUP: u32 = 10_000;

impl Display for Decimal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut parts = [48, 32, 16, 0].map(|shift| (self.0 >> shift) as u32 & 0xffff);
        let mut groups = [0; 5];
        for group in groups.iter_mut().rev() {
            for part in &mut parts {
                let value = *group << 16 | *part;
                (*part, *group) = (value / GROUP, value % GROUP);
            }
        }
        let mut groups = groups.into_iter().skip_while(|&group| group == 0);
        write!(f, "{}", groups.next().unwrap_or(0))?;
        groups.try_for_each(|group| write!(f, "{group:04}"))
    }
}
