// SPDX-License-Identifier: GPL-2.0

//! How long C takes and how long we take, in turns on the same range. The least of all batches
//! counts.
//!
//! What counts is what `tsc` counts: instructions under QEMU with `-icount shift=0`, where alone
//! the verdict is sound (`timing=strict`). Elsewhere the numbers are printed and not judged.

use crate::{c, loops, range::*, verdict::*};
use io_mapping_rs::{IoMapping, Strategy};
use kernel::{fmt, prelude::*};

/// Rounds of a loop in one batch.
pub(crate) const ROUNDS: usize = 1000;

/// The least that each side took.
pub(crate) struct Least {
    pub(crate) c: loops::Pair,
    pub(crate) rust: loops::Pair,
}

/// Runs both in turns.
pub(crate) fn in_turns(
    batches: usize,
    c: impl Fn() -> Option<loops::Pair>,
    rust: impl Fn() -> Option<loops::Pair>,
) -> Verdict<Least> {
    let none = (u64::MAX, u64::MAX);
    let mut least = Least {
        c: none,
        rust: none,
    };
    let less = |a: loops::Pair, b: loops::Pair| (a.0.min(b.0), a.1.min(b.1));
    for _ in 0..batches {
        let (Some(c), Some(rust)) = (c(), rust()) else {
            fail!("a batch cannot be run")
        };
        least = Least {
            c: less(least.c, c),
            rust: less(least.rust, rust),
        };
    }
    Ok(least)
}

/// A number with three digits after the point.
pub(crate) struct Thousandths(pub(crate) u64);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// Prints the line that tools look for.
pub(crate) fn print(what: impl fmt::Display, size: u64, c: Thousandths, rust: Thousandths) {
    let ratio = Thousandths(rust.0 * 1000 / c.0.max(1));
    note(fmt!(
        "iomrs-timing: {what} size={size} c={c} rust={rust} ratio={ratio}"
    ));
}

/// Whether a miss is a failure: only where ticks are instructions and large pages are to be had as
/// in C.
pub(crate) fn is_judged() -> bool {
    let judged = cfg!(iomrs_exported) && c::iomrs_c_timing_is_strict();
    if !judged {
        note(fmt!(
            "not judged: ticks are not instructions (timing=strict), or 4K pages only"
        ));
    }
    judged
}

/// What a pair took, less what reading the counter takes.
pub(crate) fn net(pair: loops::Pair, nothing: u64) -> loops::Pair {
    (
        pair.0.saturating_sub(nothing),
        pair.1.saturating_sub(nothing),
    )
}

/// Mapping and unmapping ranges of the sizes that matter. The ticks that reading the counter takes
/// are off.
fn of_sizes(
    names: [&str; 2],
    c: impl Fn(u64, u64) -> Option<loops::Pair>,
    rust: impl Fn(u64, u64) -> Option<loops::Pair>,
) -> Verdict {
    let bar = need!(Range::bar2());
    if bar.size < PAGE_1G || bar.phys % PAGE_1G != 0 {
        return skip(c"BAR 2 of ivshmem is smaller than 1 GiB");
    }
    let judged = is_judged();
    let mut slow = None;
    for size in [PAGE, 1 << 20, PAGE_2M, 64 << 20, PAGE_1G] {
        // A GiB of small pages takes a hundred million ticks.
        let batches = if size == PAGE_1G { 8 } else { 64 };
        let least = in_turns(batches, || c(bar.phys, size), || rust(bar.phys, size))?;
        let (c, rust) = (
            net(least.c, c::iomrs_c_time_nothing()),
            net(least.rust, loops::nothing()),
        );
        print(
            names[0],
            size,
            Thousandths(c.0 * 1000),
            Thousandths(rust.0 * 1000),
        );
        print(
            names[1],
            size,
            Thousandths(c.1 * 1000),
            Thousandths(rust.1 * 1000),
        );
        let (c, rust) = (c.0 + c.1, rust.0 + rust.1);
        if rust * 100 > c * 105 {
            slow = Some((size, c, rust));
        }
    }
    if judged {
        same!(slow, None);
    }
    Ok(())
}

fn c_ioremap_wc(phys: u64, size: u64) -> Option<loops::Pair> {
    let mut unmap = 0;
    // SAFETY: The range is that of a test, and `unmap` is valid for a write.
    let map = unsafe { c::iomrs_c_time_ioremap_wc(phys, size as usize, &mut unmap) };
    (map != 0).then_some((map, unmap))
}

pub(crate) fn c_create_wc(phys: u64, size: u64) -> Option<loops::Pair> {
    let mut unmap = 0;
    // SAFETY: As above.
    let map = unsafe { c::iomrs_c_time_create_wc(phys, size as usize, &mut unmap) };
    (map != 0).then_some((map, unmap))
}

/// One of C's loops.
pub(crate) type CLoop = unsafe extern "C" fn(*mut c::IoMapping, *const u64, usize) -> u64;

/// The apertures that both sides map pages of.
pub(crate) struct Apertures {
    c: *mut c::IoMapping,
    pub(crate) rust: IoMapping,
    pub(crate) offsets: KVec<u64>,
}

impl Apertures {
    pub(crate) fn new(bar: Range, strategy: Strategy) -> Verdict<Self> {
        // SAFETY: The BAR is ours.
        let rust = ok!(unsafe {
            IoMapping::with_strategy(bar.phys, PAGE_2M, loops::WRITE_COMBINING, strategy)
        });
        let mut offsets = KVec::new();
        for round in 0..ROUNDS as u64 {
            ok!(offsets.push(round * 7 % 512 * PAGE, GFP_KERNEL));
        }
        // SAFETY: The BAR is ours.
        let c = unsafe { c::iomrs_c_create_wc(bar.phys, PAGE_2M as usize) };
        check!(!c.is_null());
        Ok(Self { c, rust, offsets })
    }

    /// Ticks of a whole loop, with interrupts off.
    pub(crate) fn time(
        &self,
        c: CLoop,
        rust: impl Fn(&Self) -> Option<u64>,
    ) -> Verdict<(u64, u64)> {
        let quiet = |run: &dyn Fn() -> Option<u64>| {
            let flags = c::iomrs_c_irq_save();
            let ticks = run();
            // SAFETY: Saved just before.
            unsafe { c::iomrs_c_irq_restore(flags) };
            ticks.map(|ticks| (ticks, 0))
        };
        // SAFETY: The offsets are within the aperture, which is live.
        let c = || unsafe { Some(c(self.c, self.offsets.as_ptr(), self.offsets.len())) };
        let least = in_turns(32, || quiet(&c), || quiet(&|| rust(self)))?;
        Ok((least.c.0, least.rust.0))
    }

    /// Ticks of a round of C's in thousandths where interrupts must stay on, as it may sleep.
    pub(crate) fn time_c(&self, c: CLoop, batches: usize) -> u64 {
        // SAFETY: The offsets are within the aperture, which is live.
        let run = |_| unsafe { c(self.c, self.offsets.as_ptr(), self.offsets.len()) };
        (0..batches).map(run).min().unwrap_or(0) * 1000 / ROUNDS as u64
    }

    /// Ticks of a round in thousandths, less those of `empty`, and prints them.
    pub(crate) fn print(
        &self,
        what: &str,
        empty: (u64, u64),
        c: CLoop,
        rust: impl Fn(&Self) -> Option<u64>,
    ) -> Verdict<(u64, u64)> {
        let ticks = self.time(c, rust)?;
        let net = (
            ticks.0.saturating_sub(empty.0),
            ticks.1.saturating_sub(empty.1),
        );
        let thousandths = |ticks| ticks * 1000 / ROUNDS as u64;
        let net = (thousandths(net.0), thousandths(net.1));
        print(what, PAGE_2M, Thousandths(net.0), Thousandths(net.1));
        Ok(net)
    }
}

impl Drop for Apertures {
    fn drop(&mut self) {
        // SAFETY: Made by `new`, freed here only, and no map of it is left.
        unsafe { c::iomrs_c_free(self.c) };
    }
}

#[kunit_tests(iomrs_timing)]
mod tests {
    use super::*;

    #[test]
    fn ioremap_wc_and_iounmap() -> Verdict {
        of_sizes(["ioremap_wc", "iounmap"], c_ioremap_wc, loops::ioremap_wc)
    }

    #[test]
    fn create_wc_and_free() -> Verdict {
        of_sizes(["create_wc", "free"], c_create_wc, loops::create_wc)
    }

    #[test]
    fn c_against_itself() -> Verdict {
        // What is left of a difference where there is none: the first of two calls finds other
        // lists.
        of_sizes(
            ["ioremap_wc(c/c)", "iounmap(c/c)"],
            c_ioremap_wc,
            c_ioremap_wc,
        )
    }

    #[test]
    fn maps_of_an_aperture() -> Verdict {
        let apertures = Apertures::new(need!(Range::bar2()), Strategy::Whole)?;
        let a = &apertures;
        let judged = is_judged();
        let none = (0, 0);
        let empty = a.time(c::iomrs_c_time_empty, |a| loops::empty(&a.offsets))?;
        a.print("empty_loop", none, c::iomrs_c_time_empty, |a| {
            loops::empty(&a.offsets)
        })?;
        a.print("map_wc+unmap", empty, c::iomrs_c_time_map_wc, |a| {
            loops::map(&a.rust, &a.offsets)
        })?;
        let (_, checked) = a.print("map_local+unmap", empty, c::iomrs_c_time_map_local, |a| {
            loops::map_local(&a.rust, &a.offsets)
        })?;
        let (_, sized) = a.print(
            "map_local_sized+unmap",
            empty,
            c::iomrs_c_time_map_local,
            |a| loops::map_sized(a.rust.sized().ok()?, &a.offsets),
        )?;
        a.print("map_atomic+unmap", empty, c::iomrs_c_time_map_atomic, |a| {
            loops::map_atomic(&a.rust, &a.offsets)
        })?;
        let (_, constant) = a.print(
            "map_local_const+unmap",
            empty,
            c::iomrs_c_time_map_const,
            |a| loops::map_const(a.rust.sized().ok()?, &a.offsets),
        )?;
        let (_, write) = a.print(
            "map_local_const+write32",
            empty,
            c::iomrs_c_time_write_const,
            |a| loops::write_const(a.rust.sized().ok()?, &a.offsets),
        )?;
        if judged {
            // In thousandths: what starts and ends a loop of a thousand rounds is less than half of
            // one.
            // The size known: one test. Not known, and the strategy neither: see the README.
            check!(sized <= 4500);
            check!(checked <= 6500);
            check!(constant <= 1500);
            check!(write <= 2500);
        }
        Ok(())
    }
}
