// SPDX-License-Identifier: GPL-2.0

//! Random sequences of calls of a C driver, right and wrong, beside a model.

use super::driver::*;
use crate::{
    random::Random,
    support::{mappings::*, outcome::*, proc_files::KernelState, ranges::*, translation::phys_at},
};
use kernel::prelude::*;

const CALLS: usize = 10_000;
const MAX_LIVE: usize = 40;

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
    if let Some(addr) = ours {
        check_ok!(live.push(Live { addr, phys, pages }, GFP_KERNEL));
    }
    Ok(())
}

/// Unmaps one, or hands in an address that no mapping begins at. Returns how many were refused.
fn unmap_one(random: &mut Random, live: &mut KVec<Live>) -> Outcome<u32> {
    let index = random.next() as usize % live.len();
    let (addr, pages) = (live[index].addr, live[index].pages);
    let page = random.next() % 16;
    if page != 0 && page < pages {
        check_misuses(1, || {
            iounmap(addr + (page * PAGE) as usize);
            Ok(())
        })?;
        return Ok(1);
    }
    iounmap(addr);
    check!(live.remove(index).is_ok());
    check_eq!(phys_at(addr), None);
    // Again, as long as nothing else is there.
    if page == 15 {
        check_misuses(1, || {
            iounmap(addr);
            Ok(())
        })?;
        return Ok(1);
    }
    Ok(0)
}

fn run(seed: u64, range: TestRange) -> Outcome {
    let (mut random, mut live, mut misuses) = (Random::new(seed), KVec::new(), 0);
    let before = KernelState::now()?;
    for _ in 0..CALLS {
        if live.is_empty() || live.len() < MAX_LIVE && random.next() % 2 == 0 {
            map_one(&mut random, range, &mut live)?;
        } else {
            misuses += unmap_one(&mut random, &mut live)?;
        }
        if let Some(one) = live.get(random.next() as usize % MAX_LIVE) {
            for page in 0..one.pages {
                let addr = one.addr + (page * PAGE) as usize;
                check_eq!(phys_at(addr), Some(one.phys + page * PAGE));
            }
        }
    }
    for one in &live {
        iounmap(one.addr);
    }
    check!(misuses > 100);
    check_eq!(KernelState::now()?, before);
    Ok(())
}

#[kunit_tests(iomrs_c_random)]
mod tests {
    use super::*;

    #[test]
    fn s31_c_api_random_calls_agree_with_a_model() -> Outcome {
        let range = require!(TestRange::reserved());
        for seed in [1, 0x1057] {
            note(fmt!("seed {seed:#x}"));
            run(seed, range)?;
        }
        Ok(())
    }
}
