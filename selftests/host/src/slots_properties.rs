// SPDX-License-Identifier: GPL-2.0

//! Slots compared with a set: any sequence of taking them and giving them back.

use crate::mm::slots::{Slots, MAX_SLOTS};
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    /// A step takes a slot, in one of the two ways, or gives back one of those that are held. The set has
    /// those that are free.
    #[test]
    fn any_sequence_agrees_with_a_set(
        log in 0u32..=6,
        steps in prop::collection::vec(any::<(Option<bool>, prop::sample::Index)>(), 0..400),
    ) {
        let count = 1 << log;
        let slots = Slots::new(count);
        let mut free: BTreeSet<u32> = (0..count).collect();
        let mut held: Vec<u32> = Vec::new();
        for (take, which) in steps {
            if let Some(at_once) = take {
                let expected = free.pop_first();
                let slot = if at_once {
                    slots.take_at_once()
                } else {
                    slots.take()
                };
                prop_assert_eq!(slot, expected);
                held.extend(expected);
            } else if !held.is_empty() {
                let slot = held.swap_remove(which.index(held.len()));
                slots.put(slot);
                free.insert(slot);
            }
            prop_assert_eq!(slots.taken() as usize, held.len() + (MAX_SLOTS - count) as usize);
        }
    }
}

#[test]
fn every_count_has_that_many_slots() {
    for count in 0..=MAX_SLOTS {
        let slots = Slots::new(count);
        for expected in 0..count {
            assert_eq!(slots.take(), Some(expected));
        }
        assert_eq!(slots.take(), None);
        for slot in 0..count {
            slots.put(slot);
            assert_eq!(slots.take(), Some(slot));
        }
    }
}
