// SPDX-License-Identifier: GPL-2.0

//! Slots under loom: contexts of one CPU that preempt and interrupt each other at any point. loom
//! runs every interleaving of their steps, so also interrupts that nest and tasks that alternate.

use crate::mm::slots::{DirtySlots, Slots, MAX_SLOTS};
use loom::{cell::UnsafeCell, sync::Arc, thread};

/// How a context takes a slot.
type Take = fn(&Slots) -> Option<u32>;

/// As the window of the library does it.
fn at_once_or_take(slots: &Slots) -> Option<u32> {
    slots.take_at_once().or_else(|| slots.take())
}

/// One CPU: its slots, and their page-table entries, which only the holder of a slot may access.
struct Cpu {
    slots: Slots,
    entries: Vec<UnsafeCell<u32>>,
}

impl Cpu {
    fn new(count: u32) -> Arc<Self> {
        let entries = (0..count).map(|_| UnsafeCell::new(0)).collect();
        Arc::new(Self {
            slots: Slots::new(count),
            entries,
        })
    }

    /// Maps and unmaps as `who`. Fails where two access one entry, where the entry is not clear when
    /// its slot is taken, and where it has changed when the slot is given back. Returns whether there
    /// was a slot.
    fn map_and_unmap(&self, take: Take, who: u32) -> bool {
        let Some(slot) = take(&self.slots) else {
            return false;
        };
        let entry = &self.entries[slot as usize];
        // SAFETY: loom hands out the pointer, and fails where another thread accesses the entry.
        entry.with_mut(|entry| unsafe {
            assert_eq!(*entry, 0, "slot {slot} was handed out while it was in use");
            *entry = who;
        });
        // SAFETY: loom hands out the pointer, and fails where another thread accesses the entry.
        entry.with_mut(|entry| unsafe {
            assert_eq!(*entry, who, "slot {slot} was handed out twice");
            *entry = 0;
        });
        self.slots.put(slot);
        true
    }
}

/// Runs `contexts` on a CPU of `count` slots. Each maps `rounds` times.
fn run(take: Take, count: u32, contexts: u32, rounds: u32) {
    loom::model(move || {
        let cpu = Cpu::new(count);
        let others: Vec<_> = (2..=contexts)
            .map(|who| {
                let cpu = cpu.clone();
                thread::spawn(move || (0..rounds).filter(|_| cpu.map_and_unmap(take, who)).count())
            })
            .collect();
        let mine = (0..rounds).filter(|_| cpu.map_and_unmap(take, 1)).count();
        let theirs: usize = others.into_iter().map(|other| other.join().unwrap()).sum();
        // No slot is lost: all are free again. At least one map got a slot.
        assert_eq!(cpu.slots.taken(), MAX_SLOTS - count);
        assert!(mine + theirs > 0);
        if contexts <= count {
            assert_eq!(mine + theirs, (contexts * rounds) as usize);
        }
    });
}

#[test]
fn loom_two_contexts_two_slots() {
    run(Slots::take, 2, 2, 2);
}

#[test]
fn loom_two_contexts_one_slot() {
    run(Slots::take, 1, 2, 2);
}

#[test]
fn loom_three_contexts_two_slots() {
    run(Slots::take, 2, 3, 1);
}

#[test]
fn loom_three_contexts_four_slots() {
    run(Slots::take, 4, 3, 1);
}

#[test]
fn loom_at_once_two_slots() {
    run(at_once_or_take, 2, 2, 1);
}

#[test]
fn loom_at_once_one_slot() {
    run(at_once_or_take, 1, 2, 2);
}

/// A context holds a slot while another takes one and gives it back. The held slot is never taken.
#[test]
fn loom_held_slot_is_not_taken() {
    loom::model(|| {
        let cpu = Cpu::new(2);
        let held = cpu.slots.take().unwrap();
        let other = {
            let cpu = cpu.clone();
            thread::spawn(move || {
                let slot = cpu.slots.take();
                if let Some(slot) = slot {
                    assert_ne!(slot, held);
                    cpu.slots.put(slot);
                }
                slot.is_some()
            })
        };
        let second = cpu.slots.take();
        assert_ne!(second, Some(held));
        if let Some(second) = second {
            cpu.slots.put(second);
        }
        // Of two contexts at least one got the free slot.
        assert!(other.join().unwrap() || second.is_some());
        cpu.slots.put(held);
        assert_eq!(cpu.slots.taken(), MAX_SLOTS - 2);
    });
}

/// Two contexts use slots that have to be cleaned, and one of them cleans. Nobody gets a slot that is
/// dirty or that another has, and none is lost.
#[test]
fn loom_dirty_slots_are_cleaned_before_they_are_taken() {
    loom::model(|| {
        // The entry of each slot: 0 is clean, 1 in use, 2 dirty.
        let slots = Arc::new((DirtySlots::new(2), [UnsafeCell::new(0), UnsafeCell::new(0)]));
        let set = |entries: &[UnsafeCell<u32>; 2], slot: u32, from, to| {
            // SAFETY: loom hands out the pointer, and fails where another thread accesses the entry.
            entries[slot as usize].with_mut(|entry| unsafe {
                assert_eq!(*entry, from);
                *entry = to;
            });
        };
        let use_one = move |slots: &(DirtySlots, [UnsafeCell<u32>; 2])| {
            if let Some(slot) = slots.0.take() {
                set(&slots.1, slot, 0, 1);
                set(&slots.1, slot, 1, 2);
                slots.0.put_dirty(slot);
            }
        };
        let clean = move |slots: &(DirtySlots, [UnsafeCell<u32>; 2])| {
            let dirty = slots.0.take_dirty();
            (0..2)
                .filter(|slot| dirty & 1 << slot != 0)
                .for_each(|slot| set(&slots.1, slot, 2, 0));
            slots.0.put_all_clean(dirty);
        };
        let other = {
            let slots = slots.clone();
            thread::spawn(move || {
                use_one(&slots);
                clean(&slots);
                use_one(&slots);
            })
        };
        use_one(&slots);
        clean(&slots);
        other.join().unwrap();
        clean(&slots);
        assert_eq!(slots.0.held(), MAX_SLOTS - 2);
        assert!(slots.0.take().is_some() && slots.0.take().is_some());
    });
}
