// SPDX-License-Identifier: GPL-2.0

//! Slots that threads take and give back, with the atomics that the library has. Under Miri an access to what a slot
//! stands for is a race where taking or giving back orders it too little, whatever this machine's CPU does.

use crate::mm::slots::{DirtySlots, MAX_SLOTS};
use std::{cell::UnsafeCell, thread};

/// Two, so that the threads have to share them.
const SLOTS: u32 = 2;
const ROUNDS: u32 = if cfg!(miri) { 20 } else { 10_000 };

/// Slots, and what only the holder of each may access.
struct Shared {
    slots: DirtySlots,
    entries: [UnsafeCell<u32>; SLOTS as usize],
}

// SAFETY: An entry is accessed by the thread that has its slot, or that cleans it.
unsafe impl Sync for Shared {}

impl Shared {
    fn set(&self, slot: u32, from: u32, to: u32) {
        // SAFETY: The caller has the slot or cleans it. That this is enough is what is tested.
        let entry = unsafe { &mut *self.entries[slot as usize].get() };
        assert_eq!(*entry, from, "slot {slot}");
        *entry = to;
    }

    /// A slot is taken, used and given back, clean and dirty in turn.
    fn hold(&self, who: u32) {
        for round in 0..ROUNDS {
            let Some(slot) = self.slots.take_at_once().or_else(|| self.slots.take()) else {
                self.clean();
                continue;
            };
            self.set(slot, 0, who);
            if round % 2 == 0 {
                self.set(slot, who, 0);
                self.slots.put_clean(slot);
            } else {
                self.slots.put_dirty(slot);
            }
        }
    }

    fn clean(&self) {
        let dirty = self.slots.take_dirty();
        for slot in (0..SLOTS).filter(|slot| dirty >> slot & 1 != 0) {
            // SAFETY: Whoever cleans a slot has it for itself.
            unsafe { *self.entries[slot as usize].get() = 0 };
        }
        self.slots.put_all_clean(dirty);
    }
}

#[test]
fn threads_have_a_slot_one_after_the_other() {
    let shared = Shared {
        slots: DirtySlots::new(SLOTS),
        entries: Default::default(),
    };
    thread::scope(|scope| {
        for who in 1..=3 {
            let shared = &shared;
            scope.spawn(move || shared.hold(who));
        }
    });
    shared.clean();
    assert_eq!(shared.slots.held(), MAX_SLOTS - SLOTS);
}
