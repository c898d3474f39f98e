// SPDX-License-Identifier: GPL-2.0

//! The flushes of a CPU's translations, on every kind of CPU: with page-table isolation (PTI),
//! identifiers of address spaces (PCID) and the instruction INVPCID, or without.

use crate::arch::{
    instructions::{
        access, flushes, is_undisturbed, reset, set_entry, switch, translated, Features,
    },
    tlb,
};

fn for_each_cpu(test: impl Fn(Features)) {
    for features in Features::all() {
        reset(features, 1);
        test(features);
        assert!(is_undisturbed(), "{features:?}");
    }
}

/// Accesses the pages 1 to 4 in four address spaces, and is then in the last of them.
fn fill() {
    for page in 1..=4 {
        set_entry(page, 100 + page as u64);
    }
    for space in 0..4 {
        switch(space);
        for page in 1..=4 {
            assert_eq!(access(page), Some(100 + page as u64));
        }
    }
}

#[test]
fn a_page_is_left_in_other_address_spaces_where_tlb_says_so() {
    for_each_cpu(|features| {
        fill();
        tlb::invalidate_page(2);
        let left = translated().contains(&2);
        assert_eq!(left, tlb::has_other_address_spaces(), "{features:?}");
        assert!(translated().contains(&3));
        assert_eq!(flushes(), 0);
    });
}

#[test]
fn a_flush_of_everything_leaves_no_translation() {
    for_each_cpu(|features| {
        fill();
        tlb::invalidate_all();
        assert!(translated().is_empty(), "{features:?}");
    });
}

/// Interrupts stay off where they were off.
#[test]
fn a_flush_of_everything_restores_interrupts() {
    for_each_cpu(|_| {
        let flags = crate::arch::instructions::iomrs_local_irq_save();
        tlb::invalidate_all();
        assert!(!is_undisturbed());
        // SAFETY: The flags are those of the call above.
        unsafe { crate::arch::instructions::iomrs_local_irq_restore(flags) };
    });
}
