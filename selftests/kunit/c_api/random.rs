// SPDX-License-Identifier: GPL-2.0

//! Random programs of calls of a C driver, a few calls each, right and wrong, beside a model and beside C on the
//! same range. A program ends with nothing mapped. What is wrong is rare: each makes a line in the log.

use super::driver::*;
use crate::{
    random::Random,
    support::{mappings::*, outcome::*, proc_files::KernelState, ranges::*, translation::*},
};
use kernel::prelude::*;

const PROGRAMS: u64 = 4_000;
const MAX_CALLS: u64 = 7;
const MAX_LIVE: usize = 4;

/// The seed of the first program of this run. Each of the others has the next one.
pub(super) fn first_seed() -> u64 {
    let seed = crate::module_parameters::fuzz_seed.value();
    note(fmt!("seed {seed:#x}"));
    seed
}

/// A mapping that the model knows of.
struct Live {
    addr: usize,
    phys: u64,
    pages: u64,
}

/// Maps a random part of the range, or what both refuse.
fn map_one(random: &mut Random, range: TestRange, live: &mut KVec<Live>) -> Outcome {
    let (page, pages) = (random.next() % 64, random.next() % 5);
    let (phys, size) = (range.phys + page * PAGE, pages * PAGE);
    let in_c = CMapping::try_new(WC, phys, size);
    let ours = ioremap(WC, phys, size);
    check_eq!(ours.is_some(), in_c.is_some());
    if let Some((addr, in_c)) = ours.zip(in_c) {
        let (found, expected) = (Translation::of(addr), Translation::of(in_c.addr()));
        let entry = |at: Option<Translation>| at.map(|at| (at.phys, at.bits));
        check_eq!(entry(found), entry(expected));
        check_ok!(live.push(Live { addr, phys, pages }, GFP_KERNEL));
    }
    Ok(())
}

/// Unmaps one. Returns how many other addresses it has handed in, at which no mapping begins.
fn unmap_one(random: &mut Random, live: &mut KVec<Live>) -> Outcome<u32> {
    let index = random.next() as usize % live.len();
    let Ok(Live { addr, phys, pages }) = live.remove(index) else {
        fail!("no such mapping")
    };
    for page in 0..pages {
        let addr = addr + (page * PAGE) as usize;
        check_eq!(phys_at(addr), Some(phys + page * PAGE));
    }
    let (wrong, inside) = (random.next() % 128, addr + PAGE as usize);
    if wrong == 0 && pages > 1 {
        check_eq!(count_misuses(|| iounmap(inside)), 1);
        check_eq!(phys_at(inside), Some(phys + PAGE));
    }
    iounmap(addr);
    check_eq!(phys_at(addr), None);
    if wrong == 1 {
        // Nothing else is there.
        check_eq!(count_misuses(|| iounmap(addr)), 1);
    }
    Ok(u32::from(wrong == 1 || wrong == 0 && pages > 1))
}

fn run_program(seed: u64, range: TestRange, live: &mut KVec<Live>) -> Outcome<u32> {
    let (mut random, mut misuses) = (Random::new(seed), 0);
    for _ in 0..1 + random.next() % MAX_CALLS {
        if live.is_empty() || live.len() < MAX_LIVE && random.next() % 2 == 0 {
            map_one(&mut random, range, live)?;
        } else {
            misuses += unmap_one(&mut random, live)?;
        }
    }
    while !live.is_empty() {
        misuses += unmap_one(&mut random, live)?;
    }
    Ok(misuses)
}

#[kunit_tests(iomrs_c_random)]
mod tests {
    use super::*;

    #[test]
    fn s31_c_api_random_calls_agree_with_a_model() -> Outcome {
        let range = require!(TestRange::reserved());
        let (before, first) = (KernelState::now()?, first_seed());
        let (mut live, mut misuses) = (KVec::new(), 0);
        for seed in first..first + PROGRAMS {
            match run_program(seed, range, &mut live) {
                Ok(count) => misuses += count,
                Err(_) => fail!("the program of seed {seed:#x}"),
            }
        }
        check!(misuses > 10);
        check_eq!(KernelState::now()?, before);
        Ok(())
    }
}
