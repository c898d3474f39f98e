// SPDX-License-Identifier: GPL-2.0

//! Addresses that are used again for other memory, and mappings that are dropped where nobody may sleep.

use crate::{
    c,
    support::{contexts::*, mappings::*, outcome::*, proc_files::KernelState, ranges::*},
};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use io_mapping_rs::{ioremap::Options, Mapping, Strategy};
use kernel::prelude::*;

/// Sizes of which one follows the other, so that small and large pages take turns at an address.
const SIZES: [u64; 6] = [
    1 << 20,
    PAGE_2M,
    PAGE,
    2 * PAGE_2M,
    PAGE_2M + PAGE,
    16 * PAGE,
];
/// How many mappings are made, of more bytes together than the first unit of the arena has.
const ROUNDS: usize = 400;

/// Writes its number to the beginning of each page of a range.
fn number_pages(range: TestRange) -> Outcome {
    let all = check_ok!(map(WC, range.phys, range.size));
    for page in 0..(range.size / PAGE) as usize {
        check_eq!(all.try_write32(page as u32, page * PAGE as usize), Ok(()));
    }
    Ok(())
}

/// Returns how many pages of `ours`, which begins with page `first`, read as another one.
fn wrong_pages(ours: &Mapping, first: u32) -> u32 {
    let mut wrong = 0;
    for (page, number) in (0..ours.size() / PAGE as usize).zip(first..) {
        wrong += u32::from(ours.try_read32(page * PAGE as usize) != Ok(number));
    }
    wrong
}

/// What CPU 0 hands to CPU 1: a mapping, and the number of its first page.
struct Shared {
    mapping: AtomicUsize,
    first: AtomicU32,
    turn: AtomicU32,
    wrong: AtomicU32,
    failed: AtomicU32,
}

impl Shared {
    /// Waits until it is the turn of `turn`.
    fn wait_for(&self, turn: u32) {
        while self.turn.load(Ordering::Acquire) != turn {
            c::iomrs_c_schedule();
        }
    }

    fn own(&self, range: TestRange) {
        for round in 0..ROUNDS {
            let size = SIZES[round % SIZES.len()];
            let pages = (range.size - size) / PAGE;
            // In steps of an odd number of pages, so that the memory always differs.
            let first = round as u64 * 37 % (pages + 1);
            let first = if round % 2 == 0 { first } else { first & !511 };
            match map(WC, range.phys + first * PAGE, size) {
                Ok(ours) => self.share(&ours, first as u32, 2 * round as u32 + 1),
                Err(_) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    self.mapping.store(0, Ordering::Relaxed);
                    self.turn.store(2 * round as u32 + 1, Ordering::Release);
                    self.wait_for(2 * round as u32 + 2);
                }
            }
        }
    }

    fn share(&self, ours: &Mapping, first: u32, turn: u32) {
        self.first.store(first, Ordering::Relaxed);
        self.mapping.store(
            core::ptr::from_ref(ours).expose_provenance(),
            Ordering::Relaxed,
        );
        self.turn.store(turn, Ordering::Release);
        self.wrong
            .fetch_add(wrong_pages(ours, first), Ordering::Relaxed);
        self.wait_for(turn + 1);
    }

    fn read(&self) {
        for round in 0..ROUNDS as u32 {
            self.wait_for(2 * round + 1);
            let ours = self.mapping.load(Ordering::Relaxed);
            // SAFETY: Null, or the mapping of the owner, which waits for us.
            let ours = unsafe { core::ptr::with_exposed_provenance::<Mapping>(ours).as_ref() };
            if let Some(ours) = ours {
                let wrong = wrong_pages(ours, self.first.load(Ordering::Relaxed));
                self.wrong.fetch_add(wrong, Ordering::Relaxed);
            }
            self.turn.store(2 * round + 2, Ordering::Release);
        }
    }
}

#[kunit_tests(iomrs_reuse)]
mod tests {
    use super::*;

    #[test]
    fn s29_addresses_used_again_show_the_new_pages() -> Outcome {
        require!(two_cpus());
        let range = require!(TestRange::reserved());
        number_pages(range)?;
        let shared = Shared {
            mapping: AtomicUsize::new(0),
            first: AtomicU32::new(0),
            turn: AtomicU32::new(0),
            wrong: AtomicU32::new(0),
            failed: AtomicU32::new(0),
        };
        on_two_cpus(&|cpu| match cpu {
            0 => shared.own(range),
            _ => shared.read(),
        })?;
        check_eq!(shared.failed.load(Ordering::Relaxed), 0);
        check_eq!(shared.wrong.load(Ordering::Relaxed), 0);
        Ok(())
    }

    #[test]
    fn s27_dropped_with_soft_interrupts_off() -> Outcome {
        if cfg!(CONFIG_DEBUG_ATOMIC_SLEEP) {
            return skip(c"this kernel warns of what may sleep, here as in C");
        }
        let range = require!(TestRange::reserved());
        let (before, log) = (KernelState::now()?, c::iomrs_c_log_position());
        for size in [PAGE, PAGE_2M] {
            let ours = check_ok!(map(WC, range.phys, size));
            without_soft_interrupts(|| drop(ours));
        }
        let sparse = check_ok!(sparse_aperture(range.phys, 2 * PAGE_2M));
        // In a chunk, and in an area of its own.
        for offset in [0, PAGE_2M - PAGE] {
            let map = check_ok!(sparse.map(offset, 2 * PAGE));
            without_soft_interrupts(|| drop(map));
        }
        without_soft_interrupts(|| drop(sparse));
        let options = Options::new(WC);
        let whole = check_ok!(aperture_with(options, range.phys, PAGE_2M, Strategy::Whole));
        without_soft_interrupts(|| drop(whole));
        check_eq!(KernelState::now()?, before);
        check_eq!(c::iomrs_c_count_complaints(log), 0);
        Ok(())
    }
}
