// SPDX-License-Identifier: GPL-2.0

//! How our side is timed. `c/timing.h` has the same in C.

pub(crate) use crate::harness::arch::{sink32, ticks};
use core::arch::asm;
use kernel::prelude::*;

/// Ticks of a call that maps, and of the one that unmaps. Of a loop that does both, `map` has all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticks {
    pub(crate) map: u64,
    pub(crate) unmap: u64,
}

impl Ticks {
    /// Those of a loop.
    pub(crate) fn of_loop(ticks: u64) -> Self {
        Self {
            map: ticks,
            unmap: 0,
        }
    }

    pub(crate) fn all(self) -> u64 {
        self.map.saturating_add(self.unmap)
    }

    pub(crate) fn min(self, other: Self) -> Self {
        Self {
            map: self.map.min(other.map),
            unmap: self.unmap.min(other.unmap),
        }
    }

    pub(crate) fn saturating_sub(self, other: Self) -> Self {
        Self {
            map: self.map.saturating_sub(other.map),
            unmap: self.unmap.saturating_sub(other.unmap),
        }
    }
}

/// Makes the compiler forget what the value is.
#[inline(always)]
pub(crate) fn hide(value: &mut usize) {
    // SAFETY: There is no instruction in it.
    unsafe {
        asm!(
            "/* {0} */",
            inout(reg) * value,
            options(nomem, nostack, preserves_flags)
        )
    };
}

/// Counts as a use of the value.
#[inline(always)]
pub(crate) fn sink(value: usize) {
    // SAFETY: There is no instruction in it.
    unsafe { asm!("/* {0} */", in(reg) value, options(nomem, nostack, preserves_flags)) };
}

/// Returns the ticks that reading the counter takes by itself.
pub(crate) fn nothing() -> Ticks {
    let start = ticks();
    let mapped = ticks();
    Ticks {
        map: mapped.wrapping_sub(start),
        unmap: ticks().wrapping_sub(mapped),
    }
}

/// Returns the ticks of `map`, and those of dropping the mapping that it returns.
#[inline(always)]
pub(crate) fn timed<T>(map: impl FnOnce() -> Result<T>) -> Result<Ticks> {
    let start = ticks();
    let mapping = map();
    let mapped = ticks();
    drop(mapping?);
    Ok(Ticks {
        map: mapped.wrapping_sub(start),
        unmap: ticks().wrapping_sub(mapped),
    })
}

/// Runs `round` once for each offset, the last one first, and returns the ticks of all rounds.
#[inline(always)]
pub(crate) fn timed_loop(offsets: &[u64], mut round: impl FnMut(u64) -> Result) -> Result<u64> {
    let first = offsets.as_ptr();
    let mut left = offsets.len();
    let start = ticks();
    while left != 0 {
        left -= 1;
        // SAFETY: `left` is less than the length of `offsets`. An index would be checked, which C
        // does not do.
        let offset = unsafe { *first.add(left) };
        hide(&mut left);
        round(offset)?;
    }
    Ok(ticks().wrapping_sub(start))
}
