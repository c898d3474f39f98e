// SPDX-License-Identifier: GPL-2.0

//! Addresses that are used again for other memory, and mappings that are dropped where nobody may sleep.

use crate::{
    c,
    support::{contexts::*, mappings::*, outcome::*, proc_files::KernelState, ranges::*},
};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use io_mapping_rs::{ioremap::Options, window::WINDOW, Mapping, Strategy};
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

/// What CPU 0 hands to all others: a mapping, and the number of its first page.
#[derive(Default)]
struct Shared {
    mapping: AtomicUsize,
    first: AtomicU32,
    /// How many mappings there have been.
    turn: AtomicU32,
    /// How often a reader has read a mapping.
    read: AtomicU32,
    wrong: AtomicU32,
    failed: AtomicU32,
}

/// Waits until `counter` is `count`.
fn wait_for(counter: &AtomicU32, count: u32) {
    while counter.load(Ordering::Acquire) != count {
        c::iomrs_c_schedule();
    }
}

impl Shared {
    fn own(&self, range: TestRange, readers: u32) {
        for round in 0..ROUNDS {
            let size = SIZES[round % SIZES.len()];
            let pages = ((range.size - size) / PAGE) as usize;
            // In steps of an odd number of pages, so that the memory always differs.
            let first = round * 37 % (pages + 1);
            let first = (if round % 2 == 0 { first } else { first & !511 }) as u64;
            let turn = round as u32 + 1;
            match map(WC, range.phys + first * PAGE, size) {
                Ok(ours) => self.share(Some(&ours), first as u32, turn, readers),
                Err(_) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    self.share(None, 0, turn, readers);
                }
            }
        }
    }

    /// Has all readers read a mapping, and reads it, too.
    fn share(&self, ours: Option<&Mapping>, first: u32, turn: u32, readers: u32) {
        self.first.store(first, Ordering::Relaxed);
        let raw = ours.map_or(0, |ours| core::ptr::from_ref(ours).expose_provenance());
        self.mapping.store(raw, Ordering::Relaxed);
        self.turn.store(turn, Ordering::Release);
        self.count_wrong(ours);
        wait_for(&self.read, turn * readers);
    }

    fn count_wrong(&self, ours: Option<&Mapping>) {
        let first = self.first.load(Ordering::Relaxed);
        let wrong = ours.map_or(0, |ours| wrong_pages(ours, first));
        self.wrong.fetch_add(wrong, Ordering::Relaxed);
    }

    fn read(&self) {
        for turn in 1..=ROUNDS as u32 {
            wait_for(&self.turn, turn);
            let ours = self.mapping.load(Ordering::Relaxed);
            // SAFETY: Null, or the mapping of the owner, which waits for us.
            self.count_wrong(unsafe {
                core::ptr::with_exposed_provenance::<Mapping>(ours).as_ref()
            });
            self.read.fetch_add(1, Ordering::Release);
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
        let (shared, cpus) = (Shared::default(), c::iomrs_c_num_online_cpus());
        on_cpus(cpus, &|cpu| match cpu {
            0 => shared.own(range, cpus - 1),
            _ => shared.read(),
        })?;
        note(fmt!("CPUs that read: {cpus}"));
        check_eq!(shared.failed.load(Ordering::Relaxed), 0);
        check_eq!(shared.wrong.load(Ordering::Relaxed), 0);
        Ok(())
    }

    #[test]
    fn a_cpu_comes_and_goes_while_others_flush() -> Outcome {
        require!(a_cpu_to_take_offline());
        if WINDOW == "kmap" {
            return skip(c"a task that has leaked a kmap_local map may keep its CPU online");
        }
        let range = require!(TestRange::reserved());
        number_pages(range)?;
        let (before, log) = (KernelState::now()?, c::iomrs_c_log_position());
        let (cpus, done) = (c::iomrs_c_num_online_cpus(), AtomicU32::new(0));
        let (wrong, rounds) = (AtomicU32::new(0), AtomicU32::new(0));
        let map_and_read = || {
            while done.load(Ordering::Acquire) == 0 {
                let round = rounds.fetch_add(1, Ordering::Relaxed);
                // So much that every CPU has to be flushed after a few.
                let size = [range.size / 2, 1 << 20][round as usize % 2];
                let page = u64::from(round % 60 * 512 / 2);
                let ours = map(WC, range.phys + page * PAGE, size);
                let found = ours.map_or(1, |ours| wrong_pages(&ours, page as u32));
                wrong.fetch_add(found, Ordering::Relaxed);
            }
        };
        // The second is on any CPU, also on one that goes.
        let threads = (
            Thread::start(Some(0), &map_and_read)?,
            Thread::start(None, &map_and_read).inspect_err(|_| done.store(1, Ordering::Release))?,
        );
        let (mut result, mut cycles) = (0, 0);
        while cycles < 10 || rounds.load(Ordering::Relaxed) < 40 {
            // Each of them by turns.
            let cpu = 1 + cycles % (cpus - 1);
            for online in [false, true] {
                result |= c::iomrs_c_set_cpu_online(cpu as i32, online);
            }
            cycles += 1;
        }
        done.store(1, Ordering::Release);
        drop(threads);
        check_eq!(result, 0);
        check_eq!(wrong.into_inner(), 0);
        check_eq!(KernelState::now()?, before);
        check_eq!(c::iomrs_c_count_complaints(log), 0);
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
