// SPDX-License-Identifier: GPL-2.0

//! Dirty parts under loom, with the page table and the TLBs of two CPUs: no part is handed out while a
//! TLB knows what it has mapped. loom runs every interleaving of the steps.

use crate::arena::dirty::{Dirty, Limits, Part};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// Pages that can be mapped, each a part.
const PAGES: usize = 2;
const CPUS: usize = 2;

/// What the lock of the arena guards.
struct Parts {
    dirty: Dirty<Vec<u64>>,
    clean: Vec<usize>,
}

struct Machine {
    parts: Mutex<Parts>,
    /// What a page maps; 0 is nothing. A CPU reads it when its TLB does not know the page.
    entries: [Mutex<u32>; PAGES],
    /// What the TLB of each CPU knows of each page.
    tlbs: [Mutex<[u32; PAGES]>; CPUS],
}

impl Machine {
    fn new() -> Arc<Self> {
        let limits = Limits {
            pages: 0,
            entries: 0,
        };
        Arc::new(Self {
            parts: Mutex::new(Parts {
                dirty: Dirty::new(vec![0; 4], limits),
                clean: vec![0, 1],
            }),
            entries: [Mutex::new(0), Mutex::new(0)],
            tlbs: [Mutex::new([0; PAGES]), Mutex::new([0; PAGES])],
        })
    }

    /// Reads `page` on `cpu`, as the CPU does also when nobody asked it to. Returns what it maps.
    fn read(&self, cpu: usize, page: usize) -> u32 {
        let mut tlb = self.tlbs[cpu].lock().unwrap();
        if tlb[page] == 0 {
            tlb[page] = *self.entries[page].lock().unwrap();
        }
        tlb[page]
    }

    /// Flushes the TLBs of all CPUs, one after the other, and collects the parts that are clean then.
    fn flush(&self) {
        let flush = self.parts.lock().unwrap().dirty.begin_flush();
        let Some(flush) = flush else { return };
        for tlb in &self.tlbs {
            *tlb.lock().unwrap() = [0; PAGES];
        }
        let mut parts = self.parts.lock().unwrap();
        parts.dirty.end_flush(flush);
        while let Some(part) = parts.dirty.next_clean() {
            // Parts side by side may have become one: pages 0 and 2 with a guard page between them.
            let pages = (part.first..part.first + part.pages).step_by(2);
            parts.clean.extend(pages.map(|page| page as usize / 2));
        }
    }

    /// Maps a page as `what`, reads it and unmaps it. Returns whether there was a page.
    fn map_and_unmap(&self, cpu: usize, what: u32) -> bool {
        let page = {
            let mut parts = self.parts.lock().unwrap();
            let Some(page) = parts.clean.pop() else {
                return false;
            };
            assert!(parts.dirty.reserve());
            page
        };
        *self.entries[page].lock().unwrap() = what;
        assert_eq!(
            self.read(cpu, page),
            what,
            "page {page} was handed out too early"
        );
        *self.entries[page].lock().unwrap() = 0;
        let part = Part {
            unit: 0,
            first: 2 * page as u32,
            pages: 1,
        };
        let mut parts = self.parts.lock().unwrap();
        assert!(parts.dirty.push(part));
        true
    }
}

/// Runs `what` in each order of its steps. At the end a last flush cleans all pages.
fn model(what: fn() -> Arc<Machine>) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let machine = what();
        machine.flush();
        let parts = machine.parts.lock().unwrap();
        assert_eq!(parts.clean.len(), PAGES);
        assert_eq!((parts.dirty.pages(), parts.dirty.entries()), (0, 0));
    });
}

/// A page is mapped, unmapped and flushed again and again, while the other CPU reads it at any time.
#[test]
fn loom_a_cpu_that_reads_at_any_time() {
    model(|| {
        let machine = Machine::new();
        let other = {
            let machine = machine.clone();
            thread::spawn(move || (machine.read(1, 0), machine.read(1, 1)))
        };
        for what in 1..=3 {
            while !machine.map_and_unmap(0, what) {
                machine.flush();
            }
        }
        other.join().unwrap();
        machine
    });
}

/// Two CPUs map and unmap, and flush when there is nothing left: two flushes at once.
#[test]
fn loom_two_cpus_that_map() {
    fn run(machine: &Machine, cpu: usize, what: u32) {
        machine.map_and_unmap(cpu, what);
        machine.flush();
        machine.map_and_unmap(cpu, what + 1);
    }
    model(|| {
        let machine = Machine::new();
        let other = {
            let machine = machine.clone();
            thread::spawn(move || run(&machine, 1, 1))
        };
        run(&machine, 0, 3);
        other.join().unwrap();
        machine
    });
}

/// A flush goes on while a part next to the one that it cleans becomes dirty.
#[test]
fn loom_a_part_becomes_dirty_during_a_flush() {
    model(|| {
        let machine = Machine::new();
        assert!(machine.map_and_unmap(0, 1));
        let other = {
            let machine = machine.clone();
            thread::spawn(move || machine.flush())
        };
        machine.map_and_unmap(0, 2);
        other.join().unwrap();
        machine.map_and_unmap(0, 3);
        machine.map_and_unmap(0, 4);
        machine
    });
}
