// SPDX-License-Identifier: GPL-2.0

//! Counts of what all tasks and timers do.

use crate::support::outcome::*;
use core::sync::atomic::{AtomicUsize, Ordering};
use io_mapping_rs::window::exhausted;
use kernel::prelude::*;

/// A counter that tasks and interrupts share. Of one word: the kernel's crates cannot print more in decimal on every machine.
#[derive(Default)]
pub(super) struct Counter(AtomicUsize);

impl Counter {
    pub(super) fn add(&self, by: u64) {
        self.0.fetch_add(by as usize, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) wrong_bytes: Counter,
    pub(super) temporary_maps: Counter,
    pub(super) lasting_maps: Counter,
    pub(super) atomic_maps: Counter,
    /// Maps that were refused because there were no more slots.
    pub(super) out_of_slots: Counter,
    /// Maps that were refused for another reason.
    pub(super) failed: Counter,
    /// Rounds after which a task could not be migrated.
    pub(super) pinned: Counter,
    pub(super) interrupts: Counter,
}

impl Counts {
    /// Counts a map that was refused.
    pub(super) fn add_error(&self, err: Error) {
        if err == EAGAIN {
            self.out_of_slots.add(1);
        } else {
            self.failed.add(1);
        }
    }

    /// Reports the counts, and fails the test if something was wrong.
    pub(super) fn check(&self) -> Outcome {
        note(fmt!(
            "maps: temporary {}, lasting {}, atomic {}, out of slots {}; interrupts {}; exhausted {}",
            self.temporary_maps.get(),
            self.lasting_maps.get(),
            self.atomic_maps.get(),
            self.out_of_slots.get(),
            self.interrupts.get(),
            exhausted() as usize,
        ));
        check_eq!(self.wrong_bytes.get(), 0);
        check_eq!(self.failed.get(), 0);
        check_eq!(self.pinned.get(), 0);
        check!(self.interrupts.get() > 100);
        Ok(())
    }
}
