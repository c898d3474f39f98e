// SPDX-License-Identifier: GPL-2.0

//! Fewer units: those that nobody uses are freed, where others need what they take, or after a while.
//!
//! A task of the kernel looks at the units now and then, as long as there are any. It frees those that were
//! unused when it last looked, and that nobody has used since. To know it, nobody who maps has to note
//! anything: what has been used comes back to its unit after a flush.

use super::budget::{Budget, BUDGET};
use super::space::{Space, UsedUnit};
use super::unit::Unit;
use super::{finish_flush, SPACE, UNITS};
use crate::mm::work::{Later, Work};
use core::sync::atomic::{AtomicU32, Ordering};
use kernel::prelude::*;

static WORK: Work = Work::new();

/// The milliseconds from one look to the next, or 0 for never.
static PERIOD: AtomicU32 = AtomicU32::new(0);

/// Prepares for [`start`].
///
/// # Safety
///
/// Called once, before any unit is made.
pub(super) unsafe fn init(period: u32) {
    PERIOD.store(period, Ordering::Relaxed);
    // SAFETY: As required of our caller. The module drops nothing of its own before [`stop`].
    unsafe { WORK.init::<Look>() };
}

/// Has the units looked at, if that is wanted at all. Called when there is one more.
pub(super) fn start() {
    let period = PERIOD.load(Ordering::Relaxed);
    if period != 0 {
        // SAFETY: There is a unit, so that `init` has been called.
        unsafe { WORK.queue_after(period) };
    }
}

/// Has them never looked at again. Called when the module is unloaded.
pub(super) fn stop() {
    // SAFETY: There is an arena, so that `init` has been called.
    unsafe { WORK.disable() };
}

struct Look;

impl Later for Look {
    fn run() {
        // The budget is free between one unit and the next.
        while free_unit(&mut BUDGET.lock(), UsedUnit::is_still_idle) {}
        let begun = SPACE.lock().as_mut().and_then(Space::begin_flush_to_shrink);
        if let Some(flush) = begun {
            finish_flush(flush);
        }
        // A unit that is added after this count starts it again.
        let units = SPACE.lock().as_mut().map_or(0, Space::mark_idle);
        if units != 0 {
            start();
        }
    }
}

/// Frees a unit that is one of `which`, of which nothing is in use. Returns whether there was one.
pub(super) fn free_unit(budget: &mut Budget, which: fn(&UsedUnit) -> bool) -> bool {
    /// Returns a unit, and what the arena knew of it, to be dropped without the lock.
    fn remove(which: fn(&UsedUnit) -> bool) -> Option<(KBox<Unit>, UsedUnit)> {
        let mut space = SPACE.lock();
        let (index, used) = space.as_mut()?.remove(which)?;
        let unit = UNITS
            .get(index)?
            .swap(core::ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: `add_unit` got the pointer from `KBox::into_raw`. Nobody has a part of the unit, and
        // nobody else finds it any more.
        (!unit.is_null()).then(|| (unsafe { KBox::from_raw(unit) }, used))
    }
    let Some((unit, _used)) = remove(which) else {
        return false;
    };
    budget.used = budget.used.saturating_sub(unit.size());
    true
}
