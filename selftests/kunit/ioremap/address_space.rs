// SPDX-License-Identifier: GPL-2.0

//! Address space that many mappings share: in pieces and whole again, taken by two CPUs at once, and what
//! a mapping costs among others.

use super::arena::{frees_soon, wait_for_units};
use crate::{
    random::Random,
    support::{
        contexts::*, devices::ivshmem_bar, mappings::*, outcome::*, proc_files::*, ranges::*,
        translation::phys_at,
    },
};
use core::sync::atomic::{AtomicU32, Ordering};
use io_mapping_rs::Mapping;
use kernel::{
    new_mutex,
    prelude::*,
    sync::{Arc, Mutex},
    time::{Instant, Monotonic},
};

/// How many mappings leave the address space in pieces.
const MANY: usize = 10_000;
/// As large as the largest unit of the arena that is made for smaller mappings.
const UNIT: u64 = PAGE_1G;
/// Two of these do not fit into such a unit.
const LARGE: u64 = 5 * UNIT / 8;

/// A mapping, and what it maps.
struct Piece {
    mapping: Mapping,
    phys: u64,
}

impl Piece {
    fn new(phys: u64, size: u64) -> Result<Self> {
        let mapping = map(WC, phys, size)?;
        Ok(Self { mapping, phys })
    }

    /// Fails the test unless the first and the last byte are mapped to what they should, and the page after
    /// them to nothing.
    fn check(&self) -> Outcome {
        let (addr, size) = (self.mapping.addr(), self.mapping.size());
        check_eq!(phys_at(addr), Some(self.phys));
        check_eq!(phys_at(addr + size - 1), Some(self.phys + size as u64 - 1));
        check_eq!(phys_at(addr + size), None);
        Ok(())
    }

    fn shares_addresses(&self, other: &Self) -> bool {
        let end = |piece: &Self| piece.mapping.addr() + piece.mapping.size();
        // The guard page counts.
        self.mapping.addr() <= end(other) && other.mapping.addr() <= end(self)
    }
}

/// Returns a range of `size` bytes or more that is mapped and not accessed.
fn large_bar(size: u64) -> Available<TestRange> {
    let bar = ivshmem_bar(2)?;
    if bar.size < size || bar.phys % UNIT != 0 {
        return Err(c"BAR 2 of ivshmem is too small");
    }
    Ok(bar)
}

/// Maps pieces of `range`, many of a few pages and some of up to 8 MiB.
fn map_pieces(range: TestRange, count: usize, random: &mut Random) -> Outcome<KVVec<Piece>> {
    let mut pieces = KVVec::new();
    for _ in 0..count {
        let most = match random.next() % 100 {
            0 => 2048,
            1..50 => 4,
            _ => 64,
        };
        let pages = 1 + random.next() % most;
        let first = random.next() % (range.size / PAGE - pages);
        let piece = check_ok!(Piece::new(range.phys + first * PAGE, pages * PAGE));
        check_ok!(pieces.push(piece, GFP_KERNEL));
    }
    Ok(pieces)
}

/// Drops `count` of `pieces`, in random order.
fn drop_some(pieces: &mut KVVec<Piece>, count: usize, random: &mut Random) {
    for _ in 0..count {
        let which = (random.next() % pieces.len() as u64) as usize;
        let last = pieces.len() - 1;
        pieces.swap(which, last);
        drop(pieces.pop());
    }
}

/// Returns the nanoseconds that `make` and the drop of what it makes take: of some batches the best.
fn time<T>(make: impl Fn() -> Result<T>) -> Outcome<u64> {
    const ROUNDS: u64 = 100;
    let mut best = u64::MAX;
    for _ in 0..20 {
        let start = Instant::<Monotonic>::now();
        for _ in 0..ROUNDS {
            drop(check_ok!(make()));
        }
        // CAST: This clock does not go back.
        best = best.min(start.elapsed().as_nanos() as u64);
    }
    Ok(best / ROUNDS)
}

/// What a CPU has mapped, for the other one to drop.
type Shelf = Arc<Mutex<KVVec<Piece>>>;

fn new_shelf() -> Outcome<Shelf> {
    let places = check_ok!(KVVec::with_capacity(64, GFP_KERNEL));
    Ok(check_ok!(Arc::pin_init(new_mutex!(places), GFP_KERNEL)))
}

fn take_all(shelf: &Shelf) -> KVVec<Piece> {
    core::mem::replace(&mut *shelf.lock(), KVVec::new())
}

#[kunit_tests(iomrs_address_space)]
mod tests {
    use super::*;

    #[test]
    fn many_pieces_freed_in_random_order() -> Outcome {
        let bar = require!(large_bar(UNIT));
        let mut random = Random::new(0x5eed);
        let before = KernelState::now()?;
        let mut pieces = map_pieces(bar, MANY, &mut random)?;
        for piece in &pieces {
            piece.check()?;
        }
        for part in [2, 4] {
            let count = pieces.len() / part;
            drop_some(&mut pieces, count, &mut random);
            // Half of a unit is there, or it is said that it is not.
            match map(WC, bar.phys, UNIT / 2) {
                Ok(half) => drop(half),
                Err(err) => check_eq!(err, ENOMEM),
            }
            for piece in &pieces {
                piece.check()?;
            }
            // What is free between the others is used again.
            let again = map_pieces(bar, count / 2, &mut random)?;
            for piece in Iterator::chain(again.iter(), &pieces) {
                piece.check()?;
            }
            drop(again);
        }
        let count = pieces.len();
        drop_some(&mut pieces, count, &mut random);
        check_eq!(KernelState::now()?, before);
        // All is in one piece again: that is enough for the largest unit.
        let units = count_units()?;
        let whole = check_ok!(Piece::new(bar.phys, UNIT));
        whole.check()?;
        if from_arena() {
            check!(count_units()? <= units);
        }
        Ok(())
    }

    #[test]
    fn arena_idle_frees_every_unit_after_many_pieces() -> Outcome {
        require!(frees_soon());
        let bar = require!(large_bar(UNIT));
        wait_for_units(1)?;
        let (before, mut random) = (KernelState::now()?, Random::new(0x1d1e));
        let mut pieces = map_pieces(bar, MANY, &mut random)?;
        check!(count_units()? > 1);
        let count = pieces.len();
        drop_some(&mut pieces, count, &mut random);
        check_eq!(KernelState::now()?, before);
        // A unit is freed where nothing of it is missing.
        wait_for_units(1)
    }

    #[test]
    fn two_cpus_that_map_at_once_and_unmap_the_others() -> Outcome {
        require!(two_cpus());
        let bar = require!(large_bar(UNIT));
        let before = KernelState::now()?;
        let shelves = [new_shelf()?, new_shelf()?];
        let failed = AtomicU32::new(0);
        on_two_cpus(&|cpu| {
            // Each is more than half of the largest unit, so that both CPUs need new ones at once.
            for round in 0..3 {
                let size = LARGE + round * PAGE_2M;
                match Piece::new(bar.phys, size) {
                    Ok(piece) => drop(shelves[cpu].lock().push_within_capacity(piece)),
                    Err(_) => drop(failed.fetch_add(1, Ordering::Relaxed)),
                }
            }
        })?;
        check_eq!(failed.into_inner(), 0);
        // Not looked at under both locks, whose order lockdep would not know.
        let [first, second] = [0, 1].map(|cpu| take_all(&shelves[cpu]));
        check_eq!((first.len(), second.len()), (3, 3));
        let mut earlier = Iterator::chain(first.iter(), second.iter());
        while let Some(piece) = earlier.next() {
            piece.check()?;
            check!(!earlier.clone().any(|other| piece.shares_addresses(other)));
        }
        *shelves[0].lock() = first;
        *shelves[1].lock() = second;
        on_two_cpus(&|cpu| shelves[1 - cpu].lock().clear())?;
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn two_cpus_drop_small_pieces_of_each_other() -> Outcome {
        require!(two_cpus());
        let bar = require!(large_bar(UNIT));
        let before = KernelState::now()?;
        let shelves = [new_shelf()?, new_shelf()?];
        let failed = AtomicU32::new(0);
        on_two_cpus(&|cpu| {
            for round in 0..2000 {
                let page = round % 64 + 100 * cpu as u64;
                let size = if round % 16 == 0 { 2 * PAGE_2M } else { PAGE };
                let piece = Piece::new(bar.phys + page * PAGE, size);
                let is_right = piece.is_ok_and(|piece| {
                    let is_right = piece.check().is_ok();
                    // Where the other CPU is slow, it is dropped here.
                    drop(shelves[cpu].lock().push_within_capacity(piece));
                    is_right
                });
                if !is_right {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
                let theirs = shelves[1 - cpu].lock().pop();
                drop(theirs);
            }
        })?;
        check_eq!(failed.into_inner(), 0);
        for shelf in &shelves {
            shelf.lock().clear();
        }
        check_eq!(KernelState::now()?, before);
        Ok(())
    }

    #[test]
    fn cost_of_a_mapping_among_others() -> Outcome {
        require!(comparable_time());
        let bar = require!(large_bar(UNIT));
        let mut others = KVVec::new();
        let mut first = None;
        for live in [1, 64, MANY] {
            while others.len() < live {
                let page = others.len() as u64 % (UNIT / PAGE);
                let other = check_ok!(map(WC, bar.phys + page * PAGE, PAGE));
                check_ok!(others.push(other, GFP_KERNEL));
            }
            let ours = time(|| map(WC, bar.phys + UNIT / 2, PAGE))?;
            let theirs = time(|| CMapping::try_new(WC, bar.phys + UNIT / 2, PAGE).ok_or(ENOMEM))?;
            note(fmt!("4 KiB with {live} live: {ours} ns, by C {theirs} ns"));
            // The registry of cache modes is a tree, in C as here. More than that would grow without end.
            let first = *first.get_or_insert((ours, theirs));
            check!(ours * first.1 <= 2 * first.0 * theirs.max(first.1));
        }
        Ok(())
    }
}
