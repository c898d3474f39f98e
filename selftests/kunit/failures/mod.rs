// SPDX-License-Identifier: GPL-2.0

//! Each allocation of each call fails, one after the other: the call returns its error, leaves
//! nothing behind, and then succeeds. For what user space calls see `tools/guest/failures.py`.

use crate::{
    c,
    support::{c_bars::*, devices::*, faults::*, outcome::*, proc_files::*, ranges::*},
};
use kernel::prelude::*;

mod c_api;
mod rust_api;

/// More allocations than any call makes.
const MOST: u32 = 256;

/// What calls are about.
struct Place {
    ivshmem: Device,
    testdev: Device,
    range: TestRange,
}

/// A call of a driver.
struct Call {
    name: &'static str,
    /// Makes something. Returns what `undo` needs.
    make: fn(&Place) -> Result<usize>,
    undo: fn(&Place, usize),
    /// The errors that it may return where an allocation fails.
    errors: &'static [Error],
}

impl Call {
    /// Calls it while memory is there, and undoes it.
    fn succeed(&self, place: &Place) -> Outcome {
        match (self.make)(place) {
            Ok(value) => (self.undo)(place, value),
            Err(err) => fail!("{}: {err:?}", self.name),
        }
        Ok(())
    }
}

/// What there is of areas, reservations and requests.
#[derive(Debug, PartialEq)]
struct State {
    kernel: KernelState,
    requested: bool,
}

impl State {
    fn now() -> Outcome<Self> {
        Ok(Self {
            kernel: KernelState::now()?,
            requested: region_is_requested()?,
        })
    }
}

/// Returns the names of all calls.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let calls = Iterator::chain(rust_api::CALLS.iter(), c_api::CALLS);
    calls.map(|call| call.name)
}

/// Calls what has the `number` in [`names`], and undoes it.
///
/// # Errors
///
/// `EPROTO` if the call returns an error that it must not return where an allocation fails.
pub(crate) fn call(number: u64) -> Result {
    let mut calls = Iterator::chain(rust_api::CALLS.iter(), c_api::CALLS);
    let call = calls.nth(number as usize).ok_or(EINVAL)?;
    let place = Place::new().map_err(|_| ENODEV)?;
    let value = (call.make)(&place).map_err(|err| {
        if call.errors.contains(&err) {
            err
        } else {
            EPROTO
        }
    })?;
    // Only what it makes is to fail.
    let left = c::iomrs_c_fail_countdown();
    c::iomrs_c_fail_nth(0);
    (call.undo)(&place, value);
    c::iomrs_c_fail_nth(left);
    Ok(())
}

/// Makes each allocation of a call fail. Returns how many there are.
fn fail_each(faults: &FaultInjection, place: &Place, call: &Call) -> Outcome<u32> {
    // What is allocated once for many calls is there after this.
    call.succeed(place)?;
    for n in 1..MOST {
        let (before, units) = (State::now()?, count_units()?);
        let (result, left) = faults.run(Fail::Nth(n), || (call.make)(place));
        match result {
            Ok(value) => (call.undo)(place, value),
            Err(err) if left == 0 && call.errors.contains(&err) => (),
            Err(err) => fail!("{}: {err:?} for allocation {n}", call.name),
        }
        check_eq!(State::now()?, before);
        call.succeed(place)?;
        check_eq!(State::now()?, before);
        if left != 0 {
            return Ok(n - 1);
        }
        check!(count_units()? <= units);
    }
    fail!("{}: more than {MOST} allocations", call.name)
}

impl Place {
    fn new() -> Available<Self> {
        Ok(Self {
            ivshmem: Device::ivshmem()?,
            testdev: Device::testdev()?,
            range: TestRange::reserved()?,
        })
    }
}

fn fail_each_of(calls: &[Call]) -> Outcome {
    let faults = require!(FaultInjection::begin());
    let place = require!(Place::new());
    let log = c::iomrs_c_log_position();
    for call in calls {
        let count = fail_each(&faults, &place, call)?;
        note(fmt!("{}: {count} allocations", call.name));
    }
    check_eq!(c::iomrs_c_count_complaints(log), 0);
    Ok(())
}

#[kunit_tests(iomrs_failures)]
mod tests {
    use super::*;

    #[test]
    fn s29_each_allocation_of_each_call() -> Outcome {
        fail_each_of(rust_api::CALLS)
    }

    #[test]
    fn s29_c_api_each_allocation_of_each_call() -> Outcome {
        fail_each_of(c_api::CALLS)
    }
}
