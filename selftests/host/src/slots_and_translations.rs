// SPDX-License-Identifier: GPL-2.0

//! Slots of a window on a machine of three CPUs that keep translations: a holder reaches its own page,
//! on whatever CPU it is.
//!
//! This does what `io_mapping/sparse/window/percpu/` does, with the library's slots and flushes, and a
//! model of CPUs.

use crate::{
    arch::{
        instructions::{access, reset, run_on, set_entry, switch, Features},
        tlb,
    },
    mm::slots::{DirtySlots, MAX_SLOTS},
};
use proptest::prelude::*;

const CPUS: usize = 3;
/// Slots for any CPU, and of each CPU for itself.
const SLOTS: u32 = 3;

/// A page that is mapped.
struct Held {
    slot: u32,
    phys: u64,
}

/// How slots for any CPU are cleaned.
#[derive(Clone, Copy, PartialEq)]
enum Clean {
    OnAllCpus,
    /// When they are given back, on the CPU that does so. It is the one on which they were taken.
    OnItsCpu,
}

struct Window {
    clean: Clean,
    shared: DirtySlots,
    own: [DirtySlots; CPUS],
    held: Vec<Held>,
    /// The number of the next map: each maps another page.
    next: u64,
}

impl Window {
    fn new(clean: Clean) -> Self {
        Self {
            clean,
            shared: DirtySlots::new(SLOTS),
            own: [(); CPUS].map(|()| DirtySlots::new(SLOTS)),
            held: Vec::new(),
            next: 1,
        }
    }

    fn next_phys(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn map_local(&mut self) {
        let slot = self.shared.take().or_else(|| {
            if !self.shared.is_dirty() {
                return None;
            }
            let dirty = self.shared.take_dirty();
            for cpu in 0..CPUS {
                run_on(cpu);
                tlb::invalidate_all();
            }
            self.shared.put_all_clean(dirty);
            self.shared.take()
        });
        if let Some(slot) = slot {
            let phys = self.next_phys();
            set_entry(slot as usize, phys);
            self.held.push(Held { slot, phys });
        }
    }

    fn drop_local(&mut self, which: usize) {
        let slot = self.held.swap_remove(which).slot;
        set_entry(slot as usize, 0);
        if self.clean == Clean::OnItsCpu {
            tlb::invalidate_page(slot as usize);
            self.shared.put_clean(slot);
        } else {
            self.shared.put_dirty(slot);
        }
    }

    /// Maps a page by a slot of `cpu`, calls `f` with its address, and unmaps it. Returns what an
    /// access has reached, and what it should.
    fn map_atomic(&mut self, cpu: usize, f: impl FnOnce(usize)) -> (Option<u64>, u64) {
        run_on(cpu);
        let all_address_spaces = tlb::has_other_address_spaces();
        let (own, phys) = (&self.own[cpu], self.next + 1);
        self.next = phys;
        let slot = own.take().or_else(|| {
            let dirty = own.take_dirty();
            tlb::invalidate_all();
            own.put_all_clean(dirty);
            own.take()
        });
        let slot = slot.expect("nobody holds it longer than this");
        let page = 1000 + 100 * cpu + slot as usize;
        set_entry(page, phys);
        f(page);
        run_on(cpu);
        let reached = access(page);
        set_entry(page, 0);
        if all_address_spaces {
            own.put_dirty(slot);
        } else {
            tlb::invalidate_page(page);
            own.put_clean(slot);
        }
        (reached, phys)
    }
}

#[derive(Clone, Debug)]
enum Step {
    MapLocal,
    /// A holder, which may have been migrated, accesses its page.
    Access(prop::sample::Index, usize),
    /// A CPU keeps a translation of a page that it does not use.
    LookAhead(usize, usize),
    DropLocal(prop::sample::Index),
    /// With the CPU that looks ahead meanwhile, and the address space in which this CPU does so.
    MapAtomic(usize, usize, u16),
    Switch(usize, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        Just(Step::MapLocal),
        (index(), 0..CPUS).prop_map(|(holder, cpu)| Step::Access(holder, cpu)),
        (0..CPUS, 0..SLOTS as usize).prop_map(|(cpu, page)| Step::LookAhead(cpu, page)),
        index().prop_map(Step::DropLocal),
        (0..CPUS, 0..CPUS, 0u16..3)
            .prop_map(|(cpu, other, space)| Step::MapAtomic(cpu, other, space)),
        (0..CPUS, 0u16..3).prop_map(|(cpu, space)| Step::Switch(cpu, space)),
    ]
}

proptest! {
    #[test]
    fn a_holder_reaches_its_page_on_every_cpu(
        pti: bool,
        pcid: bool,
        invpcid: bool,
        steps in prop::collection::vec(step(), 0..200),
    ) {
        reset(Features { pti, pcid, invpcid }, CPUS);
        let mut window = Window::new(Clean::OnAllCpus);
        for step in steps {
            match step {
                Step::MapLocal => window.map_local(),
                Step::Access(holder, cpu) if !window.held.is_empty() => {
                    let held = &window.held[holder.index(window.held.len())];
                    run_on(cpu);
                    prop_assert_eq!(access(held.slot as usize), Some(held.phys));
                }
                Step::DropLocal(holder) if !window.held.is_empty() => {
                    window.drop_local(holder.index(window.held.len()));
                }
                Step::LookAhead(cpu, page) => {
                    run_on(cpu);
                    access(page);
                }
                Step::MapAtomic(cpu, other, space) => {
                    let (reached, phys) = window.map_atomic(cpu, |page| {
                        run_on(other);
                        access(page);
                        // On PREEMPT_RT another task may run meanwhile.
                        run_on(cpu);
                        switch(space);
                        access(page);
                    });
                    prop_assert_eq!(reached, Some(phys));
                }
                Step::Switch(cpu, space) => {
                    run_on(cpu);
                    switch(space);
                }
                Step::Access(..) | Step::DropLocal(_) => (),
            }
            let in_use = window.shared.held() - (MAX_SLOTS - SLOTS);
            prop_assert_eq!(in_use as usize, window.held.len());
        }
    }
}

/// It is not enough to clean a slot on the CPU that has used it, though its holder was not migrated.
#[test]
fn cleaning_on_one_cpu_is_not_enough() {
    for features in Features::all() {
        let reached = [Clean::OnItsCpu, Clean::OnAllCpus].map(|clean| {
            reset(features, CPUS);
            let mut window = Window::new(clean);
            // As many maps as there are slots, so that the last one is by the slot of the first.
            for _ in 0..SLOTS {
                run_on(0);
                window.map_local();
                let page = window.held[0].slot as usize;
                access(page);
                run_on(1);
                // Looks ahead.
                access(page);
                run_on(0);
                window.drop_local(0);
            }
            run_on(0);
            window.map_local();
            // The holder is migrated.
            run_on(1);
            let held = &window.held[0];
            access(held.slot as usize) == Some(held.phys)
        });
        assert_eq!(reached, [false, true], "{features:?}");
    }
}
