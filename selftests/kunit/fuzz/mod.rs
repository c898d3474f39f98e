// SPDX-License-Identifier: GPL-2.0

//! Random programs of calls on apertures, beside a model of the memory's bytes.
//!
//! A program is a seed: see [`program`]. Where a result or a byte is not the model's, steps that are
//! not needed for that are left out, and the calls that remain are shown. `make fuzz` runs more
//! programs, and does the same for one that crashes the kernel, whose seed is the last in the log.

mod accesses;
mod calls;
mod contexts;
mod device;
mod memory;
mod model;
mod program;

use crate::support::{devices::Device, outcome::*, proc_files::KernelState, ranges::TestRange};
use calls::Run;
use core::sync::atomic::Ordering;
use kernel::prelude::*;
use model::Model;
use program::{Program, ALL_STEPS, STEPS};

/// After so many programs every byte is compared, and not only what a program has written.
const COMPARE_ALL_AFTER: u64 = 32;

/// One of so many programs is also run while the device of its aperture goes.
const PROGRAMS_FOR_A_DEVICE: u64 = 10;

/// Of so many programs at least one loses its device before its end. (About a tenth do.)
const PROGRAMS_UNTIL_CUT_SHORT: u64 = 200;

/// Returns the steps that are needed to make a program of `keep` fail.
fn shrink(mut keep: u64, mut fails: impl FnMut(u64) -> bool) -> u64 {
    for width in [32, 16, 8, 4, 2, 1, 1] {
        for start in (0..u64::BITS).step_by(width) {
            let without = keep & !((!0 >> (u64::BITS as usize - width)) << start);
            if without != keep && fails(without) {
                keep = without;
            }
        }
    }
    keep
}

/// What is done with a program: [`Run::program`], or [`Run::program_on_device`].
type RunProgram = fn(&mut Run<'_>, Program) -> Outcome;

/// Runs the program of `seed`, and shows what is needed of it where it fails.
fn run_program(model: &mut Model, seed: u64, keep: u64, with: RunProgram) -> Outcome {
    pr_info!("iomrs-fuzz: program {seed}\n");
    let mut run = |keep, shown| with(&mut Run::new(model, shown), Program::new(seed, keep));
    if run(keep, false).is_ok() {
        return Ok(());
    }
    let needed = shrink(keep, |keep| run(keep, false).is_err());
    note(fmt!(
        "program {seed} fails: SEED={seed} STEPS={STEPS} KEEP={needed:#x}, by these calls:"
    ));
    if run(needed, true).is_ok() {
        note(fmt!("(it failed, and does not when it is run again)"));
    }
    Err(Failed)
}

/// Runs a part of the steps that are wanted, 1 in `part`. Returns how many programs that were.
fn fuzz(range: TestRange, part: u64, with: RunProgram) -> Outcome<u64> {
    let (first, steps) = (
        crate::module_parameters::fuzz_seed.value(),
        crate::module_parameters::fuzz_steps.value() / part,
    );
    let keep = crate::module_parameters::fuzz_keep.value();
    let before = KernelState::now()?;
    let mut model = Model::new(range)?;
    let programs = steps.div_ceil(u64::from(STEPS));
    for done in 0..programs {
        run_program(&mut model, first.wrapping_add(done), keep, with)?;
        if done % COMPARE_ALL_AFTER == COMPARE_ALL_AFTER - 1 || done + 1 == programs {
            model.compare_all()?;
        }
    }
    drop(model);
    check_eq!(KernelState::now()?, before);
    note(fmt!(
        "{programs} programs of {STEPS} steps, from seed {first} on"
    ));
    Ok(programs)
}

#[kunit_tests(iomrs_fuzz)]
mod tests {
    use super::*;

    #[test]
    fn random_programs_agree_with_a_model() -> Outcome {
        fuzz(require!(TestRange::reserved()), 1, |run, program| {
            run.program(program)
        })?;
        Ok(())
    }

    #[test]
    fn s46_random_programs_agree_while_the_device_goes() -> Outcome {
        let bar = require!(Device::ivshmem()).bar(2)?;
        let programs = fuzz(bar, PROGRAMS_FOR_A_DEVICE, |run, program| {
            run.program_on_device(program)
        })?;
        let cut_short = device::CUT_SHORT.swap(0, Ordering::Relaxed);
        note(fmt!(
            "{cut_short} of them lost their device before their end"
        ));
        check!(cut_short > 0 || programs < PROGRAMS_UNTIL_CUT_SHORT);
        Ok(())
    }

    #[test]
    fn shrinking_leaves_the_steps_that_are_needed() -> Outcome {
        for needed in [1, 1 << 63, 0x8100_0000_4000_0001, ALL_STEPS] {
            check_eq!(shrink(ALL_STEPS, |keep| keep & needed == needed), needed);
        }
        Ok(())
    }
}
